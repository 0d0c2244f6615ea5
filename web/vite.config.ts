import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env.TILLSIGHT_SERVER ?? "http://127.0.0.1:8300";

const ENTRY_LIMIT = 200_000;

/** Fails the build when what every page loads is too large (bytes, gzip). */
function entryLimit(): Plugin {
  return {
    name: "entry-limit",
    apply: "build",
    generateBundle(_options, bundle) {
      const wanted = Object.values(bundle).flatMap((file) =>
        file.type === "chunk" && file.isEntry ? [file.fileName] : [],
      );
      const loaded = new Set<string>();
      let size = 0;
      for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
        const file = bundle[name];
        if (loaded.has(name) || file?.type !== "chunk") continue;
        loaded.add(name);
        size += gzipSync(file.code).length;
        wanted.push(...file.imports);
      }
      if (size > ENTRY_LIMIT) this.error(`The entry has ${size} bytes (gzip); at most ${ENTRY_LIMIT} are allowed.`);
    },
  };
}

export default defineConfig({
  plugins: [react(), entryLimit()],
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
