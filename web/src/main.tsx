import "@fontsource-variable/inter/index.css";
import "@/app/mantine.css";
import "@/app/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";

// A newer release of the page has other files: a page that is still open takes it up, once.
window.addEventListener("vite:preloadError", (event) => {
  const key = "tillsight-reloaded";
  if (sessionStorage.getItem(key) === location.href) return;
  sessionStorage.setItem(key, location.href);
  event.preventDefault();
  location.reload();
});

const root = document.getElementById("root");
if (!root) throw new Error("The page has no place to be drawn in.");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
