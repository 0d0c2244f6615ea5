import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const server = process.env.TILLSIGHT_SERVER ?? "http://127.0.0.1:8300";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: { "/api": server } },
  build: {
    outDir: "../src/tillsight/api/static",
    emptyOutDir: true,
    target: "es2023",
    // An inlined asset would be a data: address, which the content security policy does not allow.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
