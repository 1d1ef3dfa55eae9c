import { defineConfig } from "vite";

export default defineConfig({
  // rt-client/audio loads its worklets from files beside it, so it has to stay where it is.
  optimizeDeps: { exclude: ["rt-client"] },
  build: {
    // Strict content security policies refuse worklets from data: URLs.
    assetsInlineLimit: 0,
  },
  server: {
    // Here rt-client comes from this repository; with the published package, leave this out.
    fs: { allow: [".", "../../clients/javascript"] },
  },
});
