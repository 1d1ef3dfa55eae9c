// The worklets, in a scope like that of the audio thread. Real ones are in tests/browser.

import assert from "node:assert/strict";
import test from "node:test";

const RATE = 48_000;
/** The time on the context's clock, in samples. */
const NOW = 4800;

/** @type {Map<string, new (options?: unknown) => any>} */
const processors = new Map();

class AudioWorkletProcessor {
  port = {
    /** @type {any[]} */
    sent: [],
    /** @type {(event: { data: unknown }) => void} */
    onmessage: () => {},
    /** @param {unknown} message */
    postMessage(message) {
      this.sent.push(message);
    },
  };
}

Object.assign(globalThis, {
  AudioWorkletProcessor,
  sampleRate: RATE,
  currentFrame: NOW,
  /**
   * @param {string} name
   * @param {new () => any} processor
   */
  registerProcessor: (name, processor) => processors.set(name, processor),
});
await import("../src/audio/capture-worklet.js");
await import("../src/audio/playback-worklet.js");

/**
 * @param {string} name
 * @param {unknown} [options]
 */
function processor(name, options) {
  const Processor = processors.get(name);
  assert.ok(Processor);
  return new Processor(options);
}

test("capture: frames of 20 ms at 24 kHz, whatever the context's rate", () => {
  const capture = processor("rt-client-capture");
  assert.equal(capture.process([[]]), true); // Nothing is connected yet.
  for (let i = 0; i < RATE; i += 128) assert.equal(capture.process([[new Float32Array(128).fill(0.5)]]), true);
  assert.equal(capture.port.sent.length, 49); // The last 20 ms are not complete: the filter looks ahead.
  assert.ok(capture.port.sent.every((/** @type {Uint8Array} */ frame) => frame.length === 960));
  const last = new Int16Array(capture.port.sent.at(-1).buffer);
  assert.deepEqual(new Set(last), new Set([16384]));
});

test("capture: it ends when it is closed", () => {
  const capture = processor("rt-client-capture");
  capture.port.onmessage({ data: "close" });
  assert.equal(capture.process([[]]), false);
});

test("playback: plays, tells when and how far, clears and ends", () => {
  const part = { itemId: "item_1", contentIndex: 0 };
  const playback = processor("rt-client-playback", { processorOptions: { prefillMs: 50, maxQueuedMs: 1000 } });
  const output = new Float32Array(128);
  /** @param {unknown} data */
  const send = (data) => playback.port.onmessage({ data });
  send({ type: "play", part, samples: new Float32Array(RATE / 10).fill(0.5) });
  for (let i = 0; i < RATE / 20; i += 128) assert.equal(playback.process([], [[output]]), true);
  assert.deepEqual(new Set(output), new Set([0.5]));
  send({ type: "clear", id: 7 });
  assert.deepEqual(playback.port.sent, [
    { type: "started", part, playedMs: 0, queuedMs: 100, lostMs: 0, skippedMs: 0, frame: NOW },
    { type: "cleared", id: 7, cuts: [{ ...part, playedMs: 50 }] },
  ]);
  send({ type: "finish", part });
  send({ type: "play", part, samples: new Float32Array(RATE / 100) }); // Finished, so it may come again.
  send({ type: "finish", part });
  for (let i = 0; i < RATE / 20; i += 128) playback.process([], [[output]]);
  assert.deepEqual(playback.port.sent.slice(2).map((/** @type {any} */ { type }) => type), ["started", "finished"]);
  send({ type: "close" });
  assert.equal(playback.process([], [[output]]), false);
});
