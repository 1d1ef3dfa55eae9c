// The page's modules that need no page; test_playground_modules.py puts them beside this file.

import assert from "node:assert/strict";
import { test } from "node:test";

const JS = new URL("js/", import.meta.url);
/** @param {string} name */
const load = (name) => import(new URL(name, JS).href);

const { Clock } = await load("clock.js");
const { Conversation } = await load("conversation.js");
const { asJavaScript, asPython, pythonLiteral } = await load("event-code.js");
const { EventLog, MOST_EVENTS, matches } = await load("event-log.js");
const { durations, Latency, percentile, SentAudio } = await load("latency.js");
const { changesOf, DEFAULTS, sessionOf } = await load("settings.js");
const { EXAMPLE, parseTools } = await load("tools.js");
const { toWav } = await load("wav.js");

test("the quickest round trip aligns the clocks", () => {
  const clock = new Clock();
  assert.equal(clock.toPage(5), undefined);
  // The server's clock began at 1000 of the page's.
  for (const [id, began, rtt] of [["a", 2000, 40], ["b", 3000, 4], ["c", 4000, 90]]) {
    clock.asked(id, began);
    clock.answered(began - 1000 + 0.75 * rtt, began + rtt);
  }
  assert.equal(clock.best.rtt, 4);
  assert.equal(clock.toPage(100), 1099);
  assert.equal(clock.toPage(null), undefined);
});

test("a refused update is no round trip", () => {
  const clock = new Clock();
  clock.asked("refused", 0);
  clock.asked("taken", 1000);
  clock.refused("refused");
  clock.answered(0, 1010);
  assert.deepEqual(clock.best, { rtt: 10, offset: 1005 });
  clock.answered(5, 2000); // nobody asked
  assert.equal(clock.count, 1);
});

test("audio knows when it was sent, for two minutes", () => {
  const sent = new SentAudio();
  assert.equal(sent.timeOf(0), undefined);
  for (let i = 0; i < 7000; i++) sent.sent(i * 21);
  assert.equal(sent.ms, 140_000);
  assert.equal(sent.timeOf(139_990), 6999 * 21);
  assert.equal(sent.timeOf(20_050), 1002 * 21);
  assert.equal(sent.timeOf(0), undefined);
});

test("stages of a turn, on the page's clock", () => {
  const clock = new Clock();
  clock.asked("a", 1000);
  clock.answered(0, 1000);
  const sent = new SentAudio();
  for (let i = 0; i < 100; i++) sent.sent(1000 + 20 * i);
  const latency = new Latency(() => {});
  latency.heard("resp_1", 2300);
  latency.heard("resp_1", 9000); // it ran dry and went on
  const event = { response_id: "resp_1", item_id: "item_1", audio_speech_end_ms: 600 };
  const times = { turn_decided_ms: 1100, transcript_final_ms: 1150, first_token_ms: 1160, first_audio_ms: null };
  latency.add({ ...event, ...times }, clock, { sent, asked: undefined, said: "" });
  const [turn] = latency.turns;
  assert.deepEqual(turn.at, { decided: 500, words: 550, token: 560, heard: 700 });
  assert.deepEqual(durations(turn.at), { decided: 500, words: 50, token: 10, heard: 140 });
  latency.name("item_1", "hello");
  assert.equal(turn.said, "hello");
});

test("stages in the wrong order by less than the clocks know take no time", () => {
  assert.deepEqual(durations({ decided: 10, words: 8, token: 12 }), { decided: 10, words: 0, token: 2 });
});

test("what is being said grows, until its sound is known", () => {
  const conversation = new Conversation(() => {});
  const frame = (sample) => new Uint8Array(new Int16Array(480).fill(sample).buffer);
  conversation.take({ type: "session.created", session: { id: "sess_1" } }, 0);
  conversation.take({ type: "input_audio_buffer.speech_started", item_id: "item_1" }, 100);
  for (let i = 0; i < 5; i++) conversation.grow("item_1", frame(8192));
  const item = conversation.get("item_1");
  assert.deepEqual([item.levels, item.growing, item.soundMs], [[0.25, 0.25, 0.25, 0.25, 0.25], 5, 0]);
  // The turn ended earlier than was heard of it.
  conversation.addSound("item_1", new Uint8Array([...frame(8192), ...frame(0)]));
  assert.deepEqual([item.levels, item.growing, item.soundMs], [[0.25, 0], 0, 40]);
  conversation.grow("nobody", frame(0));
  assert.deepEqual(conversation.toJSON().map(({ role, state }) => [role, state]), [["session", "done"], ["person", "listening"]]);
});

test("what becomes no item is given up, what was committed is not", () => {
  const updated = (turn_detection) => ({ type: "session.updated", session: { turn_detection } });
  for (const [end, state] of [
    [{ type: "input_audio_buffer.cleared" }, "incomplete"],
    [updated(null), "incomplete"],
    [updated({ type: "server_vad" }), "recognising"],
  ]) {
    const conversation = new Conversation(() => {});
    for (const id of ["item_1", "item_2"]) {
      conversation.take({ type: "input_audio_buffer.speech_started", item_id: id }, 0);
      conversation.take({ type: "input_audio_buffer.speech_stopped", item_id: id }, 1);
      if (id === "item_1") conversation.take({ type: "input_audio_buffer.committed", item_id: id }, 1);
    }
    conversation.take(end, 2);
    assert.deepEqual(conversation.items.map((item) => item.state), ["recognising", state]);
  }
});

test("percentiles are values that were measured", () => {
  const values = [5, 1, 4, 2, 3];
  assert.equal(percentile(values, 0.5), 3);
  assert.equal(percentile(values, 0.95), 5);
  assert.equal(percentile([], 0.5), undefined);
});

test("the log keeps the last events, and pieces of audio as one", () => {
  const log = new EventLog(() => {});
  for (let i = 0; i < 3; i++) log.add("out", { type: "input_audio_buffer.append", audio: "A".repeat(1280) }, i);
  assert.equal(log.entries.length, 1);
  assert.equal(log.entries[0].count, 3);
  assert.match(log.entries[0].event.audio, /1280 characters/);
  for (let i = 0; i < MOST_EVENTS; i++) log.add("in", { type: "x", delta: "A".repeat(100) }, i);
  assert.equal(log.entries.length, MOST_EVENTS);
  assert.equal(log.entries[0].type, "x");
  assert.equal(log.entries[0].event.delta.length, 100); // text, however long
});

test("filtering events", () => {
  const log = new EventLog(() => {});
  log.add("in", { type: "error", error: { message: "No such Voice" } }, 0);
  log.add("out", { type: "response.create" }, 0);
  log.add("out", { type: "input_audio_buffer.append", audio: "" }, 0);
  const seen = (filter) =>
    log.entries.filter((entry) => matches(entry, { show: "all", search: "", audio: false, ...filter })).map((e) => e.type);
  assert.deepEqual(seen({}), ["error", "response.create"]);
  assert.deepEqual(seen({ show: "out", audio: true }), ["response.create", "input_audio_buffer.append"]);
  assert.deepEqual(seen({ show: "errors" }), ["error"]);
  assert.deepEqual(seen({ search: "voice" }), ["error"]);
});

test("an event as a program", () => {
  const event = { type: "session.update", event_id: "own", session: { tools: [], prompt: null, echo: true, text: 'a "b"' } };
  const entry = { direction: "out", type: event.type, event };
  const python = asPython(entry, { deployment: "m", dialect: "ga" }, "http://h:1");
  assert.match(python, /base_url="http:\/\/h:1\/v1"/);
  assert.match(python, /"prompt": None,\n/);
  assert.doesNotMatch(python, /own/);
  const javascript = asJavaScript(entry, { deployment: "m", dialect: "preview" }, "https://h");
  assert.match(javascript, /wss:\/\/h\/v1\/realtime\?model=m/);
  assert.match(javascript, /OpenAI-Beta/);
  const received = { direction: "in", type: "response.done", event: { type: "response.done" } };
  assert.match(asPython(received, { deployment: "m", dialect: "ga" }, "http://h"), /if event.type == "response.done"/);
  assert.equal(pythonLiteral({ a: [1, false] }), '{\n    "a": [\n        1,\n        False,\n    ],\n}');
});

test("the session that settings make", () => {
  const session = sessionOf({ ...DEFAULTS, instructions: "Be brief.", context: "It rains.", idle: 6000 }, []);
  assert.equal(session.instructions, "Be brief.\n\nIt rains.");
  assert.equal(session.turn_detection.idle_timeout_ms, 6000);
  assert.ok(!("temperature" in session)); // which GA has no more
  const preview = sessionOf({ ...DEFAULTS, dialect: "preview", idle: 6000 }, []);
  assert.equal(preview.temperature, 0.8);
  assert.ok(!("idle_timeout_ms" in preview.turn_detection)); // which previews do not have
  assert.equal(sessionOf({ ...DEFAULTS, turns: "none" }, []).turn_detection, null);
  assert.equal(changesOf(session, { ...session }), undefined);
  assert.deepEqual(changesOf(session, { ...session, voice: "ash" }), { voice: "ash" });
});

test("tools are checked", () => {
  assert.deepEqual(parseTools(" "), { tools: [] });
  assert.equal(parseTools(EXAMPLE).problem, undefined);
  const tool = { type: "function", name: "f" };
  for (const [wrong, key] of [
    ["[", "tools.notJson"],
    ["{}", "tools.notList"],
    ["[1]", "tools.notObject"],
    [JSON.stringify([{ ...tool, type: "mcp" }]), "tools.notFunction"],
    [JSON.stringify([{ ...tool, name: "a b" }]), "tools.noName"],
    [JSON.stringify([tool, tool]), "tools.twice"],
    [JSON.stringify([{ ...tool, parameters: [] }]), "tools.noParameters"],
    [JSON.stringify([{ ...tool, function: {} }]), "tools.unknownField"],
  ]) {
    const { tools, problem } = parseTools(wrong);
    assert.deepEqual([tools, problem.key], [[], key]);
  }
});

test("sound side by side, long pauses shortened", async () => {
  const second = new Uint8Array(new Int16Array(24_000).fill(1000).buffer);
  const wav = toWav([
    { channel: 1, at: 61_500, pcm: second },
    { channel: 0, at: 500, pcm: second },
    { channel: 1, at: 1000, pcm: second },
  ]);
  const samples = new Int16Array((await wav.arrayBuffer()).slice(44));
  // Half a second, one and a half with the answer over it, two of pause, one of the late answer.
  assert.equal(samples.length / 2, 24_000 * 4.5);
  assert.deepEqual([...samples.slice(0, 2)], [1000, 0]);
  assert.deepEqual([...samples.slice(2 * 18_000, 2 * 18_000 + 2)], [1000, 1000]);
  assert.deepEqual([...samples.slice(2 * 48_000, 2 * 48_000 + 2)], [0, 0]);
  assert.deepEqual([...samples.slice(-2)], [0, 1000]);
  assert.equal((await toWav([]).arrayBuffer()).byteLength, 44);
});
