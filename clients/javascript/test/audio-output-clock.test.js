import assert from "node:assert/strict";
import test from "node:test";

import { heardAt } from "../src/audio/output-clock.js";

const RATE = 24_000;
const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
const FIREFOX_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Gecko/20100101 Firefox/153.0";

/** Two seconds into its time, with a device that takes 40 ms; `known`: the browser tells what is heard now. */
function contextOf({ known = true } = {}) {
  return {
    sampleRate: RATE,
    currentTime: 2,
    outputLatency: 0.04,
    getOutputTimestamp: () => (known ? { contextTime: 1.96, performanceTime: 10_000 } : { contextTime: 0, performanceTime: 0 }),
  };
}

for (const userAgent of [CHROME, FIREFOX_WINDOWS]) {
  test(`what the device plays now is what counts: ${userAgent}`, () => {
    assert.equal(Math.round(heardAt(contextOf(), 2 * RATE, userAgent)), 10_040);
  });

  test(`until that is known, the device's latency: ${userAgent}`, () => {
    const before = performance.now();
    const at = heardAt(contextOf({ known: false }), 2.1 * RATE, userAgent);
    const after = performance.now();
    assert.ok(at - before >= 139.99 && at - after <= 140.01, `${at - before}`);
  });
}

test("Firefox on Linux is not asked what the device plays: now and then it would never answer", () => {
  const context = {
    sampleRate: RATE,
    currentTime: 2,
    /** @returns {number} */
    get outputLatency() {
      throw new Error("asked");
    },
    getOutputTimestamp() {
      throw new Error("asked");
    },
  };
  const before = performance.now();
  const at = heardAt(context, 2.1 * RATE, FIREFOX);
  const after = performance.now();
  assert.ok(at - before >= 99.99 && at - after <= 100.01, `${at - before}`);
});
