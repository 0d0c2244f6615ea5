import "@fontsource-variable/inter/index.css";
import "@/app/mantine.css";
import "@/app/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";

const root = document.getElementById("root");
if (!root) throw new Error("The page has no place to be drawn in.");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
