// What is published. `npm test` builds it first.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";
import * as source from "../src/index.js";
import * as lowLevel from "../src/low-level.js";
import { VERSION } from "../src/version.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(import.meta.url);
const run = promisify(execFile);

const EXPORTS = [
  "LowLevelRTClient",
  "MessageItemType",
  "RTAudioContent",
  "RTClient",
  "RTError",
  "RTFunctionCallItem",
  "RTInputAudioItem",
  "RTMessageItem",
  "RTResponse",
  "RTTextContent",
  "isFunctionCallItem",
  "isMessageItem",
];

/** The agreed limit, in bytes. */
const MAX_BUNDLE_SIZE = 30_000;

test("the exports are these", () => {
  assert.deepEqual(Object.keys(source).sort(), EXPORTS);
});

test("import and require find the package by its name", async () => {
  // @ts-ignore the package itself, known once it is built
  assert.deepEqual(Object.keys(await import("rt-client")).sort(), EXPORTS);
  assert.deepEqual(Object.keys(require("rt-client")).sort(), EXPORTS);
});

test("scripts find the bundle for pages under one global name", async () => {
  const bundle = await readFile(join(root, "dist/iife/index.js"), "utf8");
  const exported = runInNewContext(`${bundle}; Object.keys(rtclient)`, {});
  assert.deepEqual([...exported].sort(), EXPORTS);
});

test("rt-client/low-level is what its name says, and the very classes of rt-client", async () => {
  assert.deepEqual(Object.keys(lowLevel).sort(), ["LowLevelRTClient", "RTError"]);
  // @ts-ignore the package itself, known once it is built
  const named = await import("rt-client/low-level");
  assert.equal(named.LowLevelRTClient, source.LowLevelRTClient);
  assert.equal(named.RTError, source.RTError);
});

test("pages that take rt-client/low-level load about half as many files", async () => {
  const [whole, part] = await Promise.all(["index.js", "low-level.js"].map((name) => loaded(join(root, "src", name))));
  assert.ok(whole && part && part.size > 10 && part.size < 0.6 * whole.size, `${part?.size} of ${whole?.size} files`);
});

for (const bundle of ["browser/index.js", "browser/low-level.js", "iife/index.js"]) {
  test(`the bundle ${bundle} is small, and knows nothing of Node`, async () => {
    const path = join(root, "dist", bundle);
    const { size } = await stat(path);
    assert.ok(size <= MAX_BUNDLE_SIZE, `${size} bytes`);
    const text = await readFile(path, "utf8");
    assert.doesNotMatch(text, /import\(|require\(|["']ws["']/);
  });
}

test("the sources can be loaded by browsers: static imports are relative and name a file", async () => {
  const files = (await readdir(join(root, "src"), { recursive: true })).filter((name) => name.endsWith(".js"));
  assert.ok(files.length > 20);
  for (const file of files) {
    const code = (await readFile(join(root, "src", file), "utf8")).replace(/\/\*\*[\s\S]*?\*\//g, "");
    for (const [, specifier] of code.matchAll(/\bfrom "([^"]+)"/g)) {
      assert.match(String(specifier), /^\.\.?\/.*\.js$/, file);
    }
  }
});

test("the types hold for programs in TypeScript, by import and by require", async () => {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", join(root, "test/types")]).catch((error) => assert.fail(error.stdout));
});

test("the version is one", async () => {
  const { version, dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  assert.equal(VERSION, version);
  assert.deepEqual(Object.keys(dependencies), ["ws"]);
});

/**
 * @param {string} path of a module
 * @param {Set<string>} [found]
 * @returns {Promise<Set<string>>} what a browser loads for it
 */
async function loaded(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  const code = (await readFile(path, "utf8")).replace(/\/\*\*[\s\S]*?\*\//g, "");
  for (const [, specifier] of code.matchAll(/(?:\bfrom|^import) "([^"]+)"/gm)) {
    await loaded(join(path, "..", String(specifier)), found);
  }
  return found;
}
