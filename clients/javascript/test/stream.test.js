import assert from "node:assert/strict";
import test from "node:test";
import { Stream } from "../src/stream.js";
import { collect } from "./support/collect.js";

test("values keep their order, whether they wait or are waited for", async () => {
  /** @type {Stream<number>} */
  const stream = new Stream();
  stream.push(1);
  const all = collect(stream);
  stream.push(2);
  stream.push(3);
  stream.end();
  assert.deepEqual(await all, [1, 2, 3]);
});

test("values that wait are delivered before the error, which stays", async () => {
  /** @type {Stream<number>} */
  const stream = new Stream();
  const failure = new Error("gone");
  stream.push(1);
  stream.end(failure);
  stream.push(2);
  assert.deepEqual(await stream.next(), { done: false, value: 1 });
  await assert.rejects(stream.next(), failure);
  await assert.rejects(collect(stream), failure);
});

test("an error that nobody reads disturbs nobody", async (t) => {
  const unhandled = t.mock.fn();
  process.on("unhandledRejection", unhandled);
  new Stream().end(new Error("gone"));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", unhandled);
  assert.equal(unhandled.mock.callCount(), 0);
});

test("leaving an iteration leaves the rest to the next", async () => {
  /** @type {Stream<number>} */
  const stream = new Stream();
  for (const value of [1, 2, 3]) stream.push(value);
  stream.end();
  for await (const value of stream) if (value === 2) break;
  assert.deepEqual(await collect(stream), [3]);
});

test("readers beside each other share the values", async () => {
  /** @type {Stream<number>} */
  const stream = new Stream();
  const readers = [stream.next(), stream.next(), stream.next()];
  stream.push(1);
  stream.push(2);
  stream.end();
  const results = await Promise.all(readers);
  assert.deepEqual(results.map(({ value }) => value), [1, 2, undefined]);
});

test("beyond the capacity the oldest values are dropped", async () => {
  /** @type {Stream<number>} */
  const stream = new Stream(2);
  for (const value of [1, 2, 3]) stream.push(value);
  stream.end();
  assert.deepEqual(await collect(stream), [2, 3]);
});
