// The page is one folder of files that the gateway serves: no request leaves for another host.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: { outDir: "dist", target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 1200 },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
});
