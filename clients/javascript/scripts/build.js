// Makes dist/: types, CommonJS for require(), and minified bundles for browsers.
// Modules need no build: they are src/ itself.

import { execFileSync } from "node:child_process";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const entry = { entryPoints: ["src/index.js"], bundle: true, target: "es2022", absWorkingDir: root };
const minified = { ...entry, platform: /** @type {const} */ ("browser"), minify: true, legalComments: /** @type {const} */ ("none") };

await rm(`${root}/dist`, { recursive: true, force: true });
execFileSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, "-p", `${root}/tsconfig.types.json`], {
  stdio: "inherit",
});

// TypeScript takes a declaration's module system from the nearest package.json.
await mkdir(`${root}/dist/cjs`);
await cp(`${root}/dist/types`, `${root}/dist/cjs/types`, { recursive: true });
await writeFile(`${root}/dist/cjs/package.json`, '{ "type": "commonjs" }\n');

await build({ ...entry, platform: "node", format: "cjs", packages: "external", outfile: "dist/cjs/index.cjs" });
await build({ ...minified, entryPoints: ["src/index.js", "src/low-level.js"], format: "esm", outdir: "dist/browser" });
await build({ ...minified, format: "iife", globalName: "rtclient", outfile: "dist/iife/index.js" });

// Worklets are files of their own, which bundlers copy as they are: each has in it what it imports.
await build({
  ...minified,
  entryPoints: ["src/audio/index.js", "src/audio/capture-worklet.js", "src/audio/playback-worklet.js"],
  format: "esm",
  outdir: "dist/audio",
});
