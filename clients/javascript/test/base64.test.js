import assert from "node:assert/strict";
import test from "node:test";
import { decodeBase64, encodeBase64 } from "../src/base64.js";

const { Buffer } = globalThis;

/**
 * Run as in a browser, where there is no Buffer.
 * @param {() => void} body
 */
function withoutBuffer(body) {
  try {
    // @ts-expect-error what browsers lack
    delete globalThis.Buffer;
    body();
  } finally {
    globalThis.Buffer = Buffer;
  }
}

for (const [where, run] of /** @type {const} */ ([["Node", (/** @type {() => void} */ body) => body()], ["browsers", withoutBuffer]])) {
  test(`bytes survive the way there and back in ${where}`, () => {
    run(() => {
      for (const length of [0, 1, 2, 3, 4800, 40_000, 1_000_000]) {
        const bytes = Uint8Array.from({ length }, (_, index) => (index * 31) & 0xff);
        const text = encodeBase64(bytes);
        assert.equal(text, Buffer.from(bytes).toString("base64"));
        assert.deepEqual(decodeBase64(text), bytes);
      }
    });
  });

  test(`a view of a larger buffer is encoded alone in ${where}`, () => {
    run(() => {
      const view = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4);
      assert.equal(encodeBase64(view), "AQID");
    });
  });

  test(`decoded bytes own their buffer in ${where}`, () => {
    run(() => {
      const bytes = decodeBase64("AQACAA==");
      assert.deepEqual(Array.from(new Int16Array(bytes.buffer)), [1, 2]);
    });
  });

  test(`what is not base64 is refused in ${where}`, () => {
    run(() => assert.throws(() => decodeBase64("not base64!"), SyntaxError));
  });
}
