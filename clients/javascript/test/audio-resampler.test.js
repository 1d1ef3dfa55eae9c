import assert from "node:assert/strict";
import test from "node:test";
import { Resampler } from "../src/audio/resampler.js";

/**
 * @param {number} frequency
 * @param {number} rate
 * @param {number} length
 */
function tone(frequency, rate, length) {
  return Float32Array.from({ length }, (_, i) => 0.5 * Math.sin((2 * Math.PI * frequency * i) / rate));
}

/**
 * @param {Resampler} resampler
 * @param {Float32Array} samples
 * @param {number} step samples at a time
 */
function resample(resampler, samples, step) {
  const output = [];
  for (let i = 0; i < samples.length; i += step) output.push(...resampler.process(samples.subarray(i, i + step)));
  return output;
}

/** @param {number[]} samples */
function peak(samples) {
  return Math.max(...samples.map(Math.abs));
}

const RATES = [8000, 16_000, 22_050, 44_100, 48_000, 96_000];

for (const rate of RATES) {
  for (const [from, to] of /** @type {const} */ ([[rate, 24_000], [24_000, rate]])) {
    test(`a tone keeps its place, pitch and level: ${from} to ${to}`, () => {
      const output = resample(new Resampler(from, to), tone(1000, from, from / 2), 128);
      const wanted = tone(1000, to, output.length);
      // The filter still feels the silence before it.
      const errors = output.map((sample, i) => sample - /** @type {number} */ (wanted[i])).slice(to / 500);
      assert.ok(peak(errors) < 1e-3, `${peak(errors)}`);
      const missing = to / 2 - output.length;
      assert.ok(missing >= 0 && missing <= (0.002 * to) / Math.min(1, to / from), `${missing} samples late`);
    });
  }
}

for (const rate of RATES.filter((rate) => rate > 24_000)) {
  test(`what 24 kHz cannot carry is gone, not folded back: ${rate}`, () => {
    const output = resample(new Resampler(rate, 24_000), tone(13_000, rate, rate / 2), 128).slice(100);
    assert.ok(peak(output) < 0.5 * 1e-3, `${peak(output)}`); // -60 dB
  });
}

test("a constant stays one: all filters have the same gain", () => {
  const output = resample(new Resampler(44_100, 24_000), new Float32Array(4410).fill(0.25), 128).slice(50);
  assert.ok(peak(output.map((sample) => sample - 0.25)) < 1e-6);
});

test("the pieces in which it comes make no difference", () => {
  const spoken = tone(440, 44_100, 5000);
  const whole = resample(new Resampler(44_100, 24_000), spoken, spoken.length);
  for (const step of [1, 7, 128, 1000]) assert.deepEqual(resample(new Resampler(44_100, 24_000), spoken, step), whole);
});

test("after a reset nothing is left of what was before", () => {
  const resampler = new Resampler(44_100, 24_000);
  const fresh = [...resampler.process(tone(1000, 44_100, 1000))];
  resampler.reset();
  assert.deepEqual([...resampler.process(tone(1000, 44_100, 1000))], fresh);
});

test("over minutes not one sample is lost or invented", () => {
  const resampler = new Resampler(44_100, 8000);
  const second = new Float32Array(44_100);
  let count = 0;
  for (let i = 0; i < 60; i++) count += resampler.process(second).length;
  const before = count;
  for (let i = 0; i < 60; i++) count += resampler.process(second).length;
  assert.equal(count - before, 60 * 8000);
});

test("rates are whole numbers", () => {
  for (const rate of [0, -1, 44_100.5, NaN]) assert.throws(() => new Resampler(rate, 24_000), RangeError);
});
