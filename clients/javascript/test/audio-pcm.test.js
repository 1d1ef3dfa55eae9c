import assert from "node:assert/strict";
import test from "node:test";
import { Framer } from "../src/audio/framer.js";
import { levelOf, levelOfPcm16, pcm16FromSample, samplesFromPcm16 } from "../src/audio/pcm.js";

test("PCM16 becomes samples, wherever in a buffer it lies", () => {
  const bytes = new Uint8Array([9, 0x00, 0x00, 0x00, 0x40, 0x00, 0x80, 0xff, 0x7f]).subarray(1);
  assert.deepEqual([...samplesFromPcm16(bytes)], [0, 0.5, -1, 32767 / 32768]);
});

test("half a sample is an error", () => {
  assert.throws(() => samplesFromPcm16(new Uint8Array(3)), { name: "RangeError", message: /3 bytes/ });
});

test("every PCM16 value survives the way there and back", () => {
  for (let value = -32768; value < 32768; value++) assert.equal(pcm16FromSample(value / 32768), value);
});

test("what is too loud is clipped", () => {
  assert.deepEqual([-1.5, 1, 1.5].map(pcm16FromSample), [-32768, 32767, 32767]);
});

test("a level is the root mean square", () => {
  assert.equal(levelOf(new Float32Array([0.5, -0.5])), 0.5);
  assert.equal(levelOf(new Float32Array(0)), 0);
  const sine = Float32Array.from({ length: 480 }, (_, i) => Math.sin((2 * Math.PI * i) / 48));
  assert.ok(Math.abs(levelOf(sine) - Math.SQRT1_2) < 1e-6);
  assert.equal(levelOfPcm16(new Uint8Array([0x00, 0x40, 0x00, 0xc0])), 0.5);
});

test("frames are full, in order, each in memory of its own; the rest waits", () => {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const frames = [];
  const framer = new Framer(480, (frame) => frames.push(frame));
  // What an AudioWorklet gets: 128 samples at a time.
  const spoken = Float32Array.from({ length: 128 * 12 }, (_, i) => i / 32768);
  for (let i = 0; i < spoken.length; i += 128) framer.push(spoken.subarray(i, i + 128));
  assert.deepEqual(frames.map((frame) => frame.length), [960, 960, 960]);
  assert.equal(new Set(frames.map((frame) => frame.buffer)).size, 3);
  const samples = frames.flatMap((frame) => [...samplesFromPcm16(frame)]);
  assert.deepEqual(samples, [...spoken.subarray(0, 1440)]);
  framer.push(new Float32Array(480 - 96));
  assert.equal(frames.length, 4);
});

test("one push may fill several frames", () => {
  let count = 0;
  new Framer(480, () => count++).push(new Float32Array(2000));
  assert.equal(count, 4);
});
