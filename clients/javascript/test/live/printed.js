import assert from "node:assert/strict";

/**
 * What a program prints that gets text in and audio out, as Azure's tutorials have it.
 * @param {string} printed
 */
export function checkAnswer(printed) {
  const lines = printed.split("\n");
  assert.ok(lines.some((line) => /^Received text delta: \S/.test(line)), printed);
  const bytes = lines.map((line) => Number(/^Received (\d+) bytes of audio data\.$/.exec(line)?.[1] ?? 0));
  assert.ok(bytes.reduce((sum, count) => sum + count) > 10_000, printed);
}
