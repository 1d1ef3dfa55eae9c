import assert from "node:assert/strict";
import test from "node:test";
import { Playout } from "../src/audio/playout.js";
import { SampleRing } from "../src/audio/sample-ring.js";

/** @import { PlayoutOptions, PlayoutReport } from "../src/audio/playout.js" */

const RATE = 24_000;
const MS = RATE / 1000;
/** Samples that an AudioWorklet asks for at a time. */
const QUANTUM = 128;

const first = { itemId: "item_1", contentIndex: 0 };
const second = { itemId: "item_2", contentIndex: 0 };

/** @param {Partial<PlayoutOptions>} [options] */
function start(options) {
  /** @type {PlayoutReport[]} */
  const reports = [];
  const playout = new Playout(
    { sampleRate: RATE, prefillMs: 50, maxQueuedMs: 10_000, ...options },
    (report) => reports.push(report),
  );
  return {
    playout,
    reports,
    types: () => reports.map(({ type, part }) => `${type} ${part.itemId}`).filter((text) => !text.startsWith("progress")),
    /** @param {number} ms */
    pull(ms) {
      const samples = [];
      for (let due = ms * MS; due > 0; due -= QUANTUM) {
        const output = new Float32Array(Math.min(QUANTUM, due));
        playout.pull(output);
        samples.push(...output);
      }
      return samples;
    },
  };
}

/**
 * @param {number} ms
 * @param {number} [value]
 */
function audio(ms, value = 0.5) {
  return new Float32Array(ms * MS).fill(value);
}

/** @param {number[]} samples */
function sounding(samples) {
  return samples.filter((sample) => sample !== 0).length;
}

test("a talk spurt waits until the prefill is there", () => {
  const { playout, pull, types } = start();
  assert.equal(sounding(pull(100)), 0);
  playout.push(first, audio(20));
  playout.push(first, audio(20));
  assert.equal(sounding(pull(20)), 0);
  assert.deepEqual(types(), []);
  playout.push(first, audio(10));
  assert.equal(sounding(pull(20)), 20 * MS);
  assert.deepEqual(types(), ["started item_1"]);
});

test("no longer than the prefill, though", () => {
  const { playout, pull } = start();
  for (let spurt = 0; spurt < 2; spurt++) {
    playout.push(first, audio(10));
    const waited = pull(100).findIndex((sample) => sample !== 0) / MS;
    assert.ok(waited >= 50 && waited < 50 + (2 * QUANTUM) / MS, `${waited} ms`);
  }
});

test("and not at all if no more will come", () => {
  const { playout, pull, types } = start();
  playout.push(first, audio(10));
  playout.finish(first);
  assert.equal(pull(20)[0], 0.5);
  assert.deepEqual(types(), ["started item_1", "finished item_1"]);
});

test("all samples come out, once and in order", () => {
  const { playout, pull } = start();
  const spoken = Float32Array.from({ length: 700 * MS }, (_, i) => (i + 1) / 32768);
  for (let i = 0; i < spoken.length; i += 777) playout.push(first, spoken.subarray(i, i + 777));
  assert.deepEqual(pull(800).slice(0, spoken.length), [...spoken]);
});

test("progress comes ten times a second, with what was played and what waits", () => {
  const { playout, pull, reports } = start();
  playout.push(first, audio(2000));
  pull(1000);
  const progress = reports.filter(({ type }) => type === "progress");
  assert.ok(progress.length === 9 || progress.length === 10, `${progress.length}`);
  for (const { playedMs, queuedMs } of progress) {
    assert.ok(playedMs + queuedMs === 2000 || playedMs + queuedMs === 1999);
  }
});

test("a part that runs dry starves, and fills again", () => {
  const { playout, pull, types, reports } = start();
  playout.push(first, audio(100));
  pull(200);
  assert.equal(reports.at(-1)?.playedMs, 100);
  playout.push(first, audio(100));
  assert.equal(sounding(pull(200)), 100 * MS);
  assert.deepEqual(types(), ["started item_1", "starved item_1", "started item_1", "starved item_1"]);
  assert.equal(reports.at(-1)?.playedMs, 200);
});

test("parts follow each other without a gap", () => {
  const { playout, pull, types, reports } = start();
  playout.push(first, audio(100, 0.25));
  playout.finish(first);
  playout.push(second, audio(100));
  playout.finish(second);
  assert.deepEqual(pull(200), [...audio(100, 0.25), ...audio(100)]);
  pull(10);
  assert.deepEqual(types(), ["started item_1", "finished item_1", "started item_2", "finished item_2"]);
  assert.deepEqual(reports.filter(({ type }) => type === "finished").map(({ playedMs }) => playedMs), [100, 100]);
});

test("a new talk spurt begins with a prefill, even right after the last sample of another", () => {
  const { playout, types } = start();
  const output = new Float32Array(QUANTUM);
  playout.push(first, output.fill(0.5));
  playout.finish(first);
  playout.pull(output);
  playout.push(second, audio(10));
  playout.pull(output);
  assert.equal(output[0], 0);
  assert.deepEqual(types(), ["started item_1", "finished item_1"]);
});

test("output is filled, with silence if need be", () => {
  const { playout } = start();
  const output = new Float32Array(QUANTUM).fill(0.5);
  playout.pull(output);
  assert.deepEqual(new Set(output), new Set([0]));
});

test("a part is finished, too, when another follows it", () => {
  const { playout, pull, types } = start();
  playout.push(first, audio(100));
  playout.push(second, audio(100));
  pull(150);
  assert.deepEqual(types(), ["started item_1", "finished item_1", "started item_2"]);
});

test("contents of one item are parts of their own", () => {
  const { playout, pull } = start();
  playout.push(first, audio(100));
  playout.push({ ...first, contentIndex: 1 }, audio(100));
  pull(150);
  assert.deepEqual(playout.clear(), [{ itemId: "item_1", contentIndex: 1, playedMs: 50 }]);
});

test("a finish that comes after the last sample is told once", () => {
  const { playout, pull, types } = start();
  playout.push(first, audio(100));
  pull(200);
  playout.finish(first);
  playout.finish(first);
  assert.deepEqual(types(), ["started item_1", "starved item_1", "finished item_1"]);
});

test("clear tells what was not heard to its end, and how far it was", () => {
  const { playout, pull } = start();
  playout.push(first, audio(1000));
  playout.finish(first);
  playout.push(second, audio(1000));
  pull(300);
  assert.deepEqual(playout.clear(), [
    { ...first, playedMs: 300 },
    { ...second, playedMs: 0 },
  ]);
  assert.deepEqual(playout.clear(), []);
});

test("the milliseconds played are never more than the audio has", () => {
  const { playout, pull } = start();
  playout.push(first, new Float32Array(100 * MS - 1));
  pull(200);
  assert.deepEqual(playout.clear(), [{ ...first, playedMs: 99 }]);
});

test("what was heard to its end is not cut; what ran dry is", () => {
  const { playout, pull } = start();
  playout.push(first, audio(100));
  playout.finish(first);
  pull(200);
  assert.deepEqual(playout.clear(), []);
  playout.push(second, audio(100));
  pull(200);
  assert.deepEqual(playout.clear(), [{ ...second, playedMs: 100 }]);
});

test("after clear there is silence within 5 ms, without a click", () => {
  const { playout, pull } = start();
  playout.push(first, audio(1000));
  pull(100);
  playout.clear();
  const rest = pull(100);
  assert.ok(sounding(rest.slice(5 * MS)) === 0);
  for (const [i, sample] of rest.slice(0, 5 * MS).entries()) {
    assert.ok(Math.abs(sample - (rest[i - 1] ?? 0.5)) < 0.01, `a step at ${i}`);
  }
});

test("what nobody began to hear is cut without a sound", () => {
  const { playout, pull } = start();
  playout.push(first, audio(100));
  assert.deepEqual(playout.clear(), [{ ...first, playedMs: 0 }]);
  assert.equal(sounding(pull(100)), 0);
});

test("nothing of an earlier cut comes back in the fading of another", () => {
  const { playout, pull } = start();
  playout.push(first, audio(100));
  pull(50);
  playout.clear();
  pull(50);
  playout.push(second, audio(100));
  pull(99);
  playout.clear();
  assert.ok(sounding(pull(10)) <= MS);
});

test("more of what was cut is ignored, even after another cut; others are played", () => {
  const { playout, pull } = start();
  playout.push(first, audio(100));
  pull(50);
  playout.clear();
  playout.clear();
  pull(50);
  playout.push(first, audio(1000));
  assert.equal(sounding(pull(200)), 0);
  playout.push(second, audio(100));
  assert.equal(sounding(pull(200)), 100 * MS);
});

test("what was cut and is finished may come again", () => {
  const { playout, pull } = start();
  playout.push(first, audio(100));
  pull(50);
  playout.clear();
  playout.finish(first);
  pull(50);
  playout.push(first, audio(100));
  assert.equal(sounding(pull(200)), 100 * MS);
});

test("what was complete when it was cut may come again", () => {
  const { playout, pull } = start();
  playout.push(first, audio(100));
  playout.finish(first);
  pull(50);
  playout.clear();
  pull(50);
  playout.push(first, audio(100));
  assert.equal(sounding(pull(200)), 100 * MS);
});

test("of parts that were cut and never finished only the last hundred are remembered", () => {
  const { playout, pull } = start();
  for (let i = 0; i <= 100; i++) {
    playout.push({ itemId: `item_${i}`, contentIndex: 0 }, audio(100));
    playout.clear();
  }
  playout.push({ itemId: "item_1", contentIndex: 0 }, audio(100));
  assert.equal(sounding(pull(200)), 0);
  playout.push({ itemId: "item_0", contentIndex: 0 }, audio(100));
  assert.equal(sounding(pull(200)), 100 * MS);
});

test("beyond the limit what comes is lost, and told", () => {
  const { playout, pull, reports } = start({ maxQueuedMs: 1000 });
  playout.push(first, audio(900, 0.25));
  playout.push(first, audio(300));
  assert.equal(sounding(pull(2000)), 1000 * MS);
  assert.equal(reports.at(-1)?.lostMs, 200);
  assert.equal(reports.at(-1)?.skippedMs, 0);
});

test("a source that is faster than the loudspeaker is kept up with", () => {
  const { playout, pull, reports } = start({ maxLatencyMs: 200 });
  for (let ms = 0; ms < 20_000; ms += 20) {
    playout.push(first, audio(21)); // 5 % too fast
    pull(20);
  }
  assert.ok(reports.every(({ queuedMs }) => queuedMs <= 200));
  const last = /** @type {PlayoutReport} */ (reports.at(-1));
  assert.ok(last.skippedMs > 700 && last.skippedMs < 1000, `${last.skippedMs}`);
  // What was skipped counts: the place in the part is right.
  assert.ok(Math.abs(last.playedMs + last.queuedMs - 21_000) < 150, `${last.playedMs} + ${last.queuedMs}`);
});

test("services may send an answer all at once: nothing is skipped", () => {
  const { playout, pull, reports } = start({ maxQueuedMs: 300_000 });
  playout.push(first, audio(120_000));
  playout.finish(first);
  assert.equal(sounding(pull(120_100)), 120_000 * MS);
  assert.equal(reports.at(-1)?.type, "finished");
  assert.equal(reports.at(-1)?.skippedMs, 0);
});

test("a ring gives back what it took, however it turns and grows", () => {
  const ring = new SampleRing(10, 100);
  let pushed = 0;
  let pulled = 0;
  // Sizes that share no factor with the capacity, so that every position comes about.
  for (let round = 0; round < 500; round++) {
    const samples = Float32Array.from({ length: (round * 7) % 23 }, (_, i) => pushed + i);
    pushed += ring.push(samples);
    const into = new Float32Array((round * 5) % 19);
    const count = ring.pull(into);
    for (let i = 0; i < count; i++) assert.equal(into[i], pulled + i);
    pulled += count;
    assert.equal(ring.length, pushed - pulled);
    assert.ok(ring.length <= 100);
  }
  assert.ok(pulled > 2000);
});

test("a ring drops the oldest, and no more than there is", () => {
  const ring = new SampleRing(4, 8);
  assert.equal(ring.push(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9)), 8);
  ring.drop(6);
  const into = new Float32Array(4);
  assert.equal(ring.pull(into), 2);
  assert.deepEqual([...into], [7, 8, 0, 0]);
  ring.drop(1);
  assert.equal(ring.length, 0);
});
