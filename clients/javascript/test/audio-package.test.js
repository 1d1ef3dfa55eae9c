// `rt-client/audio` as it is published. `npm test` builds it first.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

const EXPORTS = [
  "AudioError",
  "Microphone",
  "Player",
  "SAMPLE_RATE",
  "decodeBase64",
  "encodeBase64",
  "levelOfPcm16",
  "listMicrophones",
];

test("the exports are these, and importing them outside a page does no harm", async () => {
  // @ts-ignore the package itself, known once it is built
  assert.deepEqual(Object.keys(await import("rt-client/audio")).sort(), EXPORTS);
});

for (const name of ["capture", "playback"]) {
  test(`bundlers can copy the ${name} worklet as it is: it is a file beside the bundle and imports nothing`, async () => {
    const folder = new URL("../dist/audio/", import.meta.url);
    const bundle = await readFile(new URL("index.js", folder), "utf8");
    assert.ok(bundle.includes(`new URL("./${name}-worklet.js",import.meta.url)`));
    const worklet = await readFile(new URL(`${name}-worklet.js`, folder), "utf8");
    assert.doesNotMatch(worklet, /\bimport\b|\bexport\b/);
    assert.match(worklet, new RegExp(`registerProcessor\\("rt-client-${name}"`));
  });
}
