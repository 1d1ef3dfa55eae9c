// Every wait ends when the connection ends: with an RTError, or just so if the program closed it.

import assert from "node:assert/strict";
import test from "node:test";
import { RTClient } from "../src/client.js";
import { collect } from "./support/collect.js";
import { content, created, itemBegins, messageItem, session, sessionCreated } from "./support/events.js";
import { refuse, serve } from "./support/scripted-server.js";

/** @typedef {import("./support/scripted-server.js").Peer} Peer */

const key = { key: "secret" };
const options = { deployment: "dep1", requestId: "req_1" };

/** All that can be awaited of a client without anything having been sent. */
const waits = /** @type {Record<string, (client: RTClient) => Promise<unknown>>} */ ({
  init: (client) => client.init(),
  configure: (client) => client.configure({ voice: "alloy" }),
  sendAudio: (client) => client.sendAudio(new Uint8Array(2)),
  commitAudio: (client) => client.commitAudio(),
  clearAudio: (client) => client.clearAudio(),
  sendItem: (client) => client.sendItem({ type: "function_call_output", call_id: "call_1", output: "" }),
  removeItem: (client) => client.removeItem("item_1"),
  generateResponse: (client) => client.generateResponse(),
  events: (client) => collect(client.events()),
});

for (const [name, wait] of Object.entries(waits)) {
  test(`${name} rejects if the handshake is refused`, async (t) => {
    const url = await refuse(t, 401, { "apim-request-id": "req_7" }, '{"error": {"code": "401", "message": "No."}}');
    await assert.rejects(wait(new RTClient(url, key, options)), {
      name: "RTError",
      status: 401,
      code: "401",
      requestId: "req_7",
    });
  });
}

/**
 * A client whose script runs after `session.created` and the first message of each of the waits.
 * @param {import("node:test").TestContext} t
 * @param {(peer: Peer) => void} script
 */
async function brokenOff(t, script) {
  const { url } = await serve(t, async (peer) => {
    peer.send(sessionCreated);
    await peer.receive("response.create");
    peer.send(
      created("resp_1"),
      ...itemBegins("resp_1", messageItem("item_a")),
      content("resp_1", "item_a", "content_part.added", { part: { type: "audio", transcript: "" } }),
      content("resp_1", "item_a", "audio_transcript.delta", { delta: "Well" }),
    );
    await peer.receive("input_audio_buffer.commit");
    peer.send({ type: "input_audio_buffer.committed", previous_item_id: null, item_id: "item_u" });
    await peer.receive("session.update");
    script(peer);
  });
  const client = new RTClient(url, key, options);
  t.after(() => client.close());
  const response = await client.generateResponse();
  assert.ok(response);
  const item = (await response[Symbol.asyncIterator]().next()).value;
  assert.ok(item?.type === "message");
  const part = (await item[Symbol.asyncIterator]().next()).value;
  assert.ok(part?.type === "audio");
  const turn = await client.commitAudio();
  /** @type {Record<"response" | "item" | "audio" | "transcript", AsyncIterable<unknown>>} */
  const streams = { response, item, audio: part.audioChunks(), transcript: part.transcriptChunks() };
  return { client, streams, turn, configured: client.configure({ voice: "alloy" }) };
}

test("a service gone in mid-response ends everything with an error", async (t) => {
  const { client, streams, turn, configured } = await brokenOff(t, (peer) => peer.socket.terminate());
  const expected = { name: "RTError", code: "connection_closed", requestId: "req_1", message: /1006/ };
  await assert.rejects(configured, expected);
  assert.equal((await streams.transcript[Symbol.asyncIterator]().next()).value, "Well");
  for (const stream of Object.values(streams)) await assert.rejects(collect(stream), expected);
  await assert.rejects(turn.waitForCompletion(), expected);
  for (const [name, wait] of Object.entries(waits)) {
    if (name !== "init") await assert.rejects(wait(client), { name: "RTError", code: "connection_closed" }, name);
  }
});

test("a service that closes in an orderly way just ends events()", async (t) => {
  const { client, streams, configured } = await brokenOff(t, (peer) => peer.socket.close(1001, "maximum duration"));
  await assert.rejects(configured, { code: "connection_closed", message: /1001, maximum duration/ });
  await assert.rejects(collect(streams.response), { code: "connection_closed" });
  assert.deepEqual(await collect(client.events()), []);
});

test("a program that closes ends its own streams without an error", async (t) => {
  const { client, streams, turn, configured } = await brokenOff(t, () => {});
  const rejected = assert.rejects(configured, { name: "RTError", code: "connection_closed" });
  await client.close();
  await rejected;
  assert.equal((await streams.transcript[Symbol.asyncIterator]().next()).value, "Well");
  for (const stream of Object.values(streams)) assert.deepEqual(await collect(stream), []);
  await turn.waitForCompletion();
  assert.deepEqual(await collect(client.events()), []);
});

test("an error event ends the conversation, and keeps doing so", async (t) => {
  const error = {
    type: "invalid_request_error",
    code: "invalid_value",
    message: "There is no such voice.",
    param: "session.voice",
    event_id: "event_c",
  };
  const { client, streams, turn, configured } = await brokenOff(t, (peer) => {
    peer.send({ type: "error", error }, { type: "session.updated", session });
  });
  const expected = {
    name: "RTError",
    message: error.message,
    type: error.type,
    code: error.code,
    param: error.param,
    eventId: error.event_id,
    requestId: "req_1",
  };
  await assert.rejects(configured, expected);
  await assert.rejects(collect(streams.response), expected);
  await assert.rejects(turn.waitForCompletion(), expected);
  await assert.rejects(collect(client.events()), expected);
  await assert.rejects(client.configure({}), expected);
});

test("a malformed event ends the conversation", async (t) => {
  const { client, streams, configured } = await brokenOff(t, (peer) => peer.socket.send("not JSON"));
  const expected = { name: "RTError", code: "malformed_event", requestId: "req_1" };
  await assert.rejects(configured, expected);
  await assert.rejects(collect(streams.audio), expected);
  await assert.rejects(collect(client.events()), expected);
});

test("audio that is not base64 is a malformed event, too", async (t) => {
  const { streams, configured } = await brokenOff(t, (peer) => {
    peer.send(content("resp_1", "item_a", "audio.delta", { delta: "no base64!" }));
  });
  await assert.rejects(configured, { code: "malformed_event" });
  await assert.rejects(collect(streams.audio), { code: "malformed_event" });
});

test("a session that only transcribes is refused with what to use instead", async (t) => {
  const { url } = await serve(t, (peer) => peer.send({ type: "transcription_session.created", session: { id: "sess_1" } }));
  const client = new RTClient(url, key, options);
  t.after(() => client.close());
  await assert.rejects(client.init(), { name: "RTError", code: "unsupported_session", message: /LowLevelRTClient/ });
});

test("messages that cannot be sent leave no wait behind", async (t) => {
  const { url } = await serve(t, async (peer) => {
    peer.send(sessionCreated);
    const { session: changes } = await peer.receive("session.update");
    peer.send({ type: "session.updated", session: { ...session, ...changes } });
  });
  const client = new RTClient(url, key, options);
  t.after(() => client.close());
  const cyclic = /** @type {any} */ ({});
  cyclic.tools = cyclic;
  await assert.rejects(client.configure(cyclic), TypeError);
  assert.equal((await client.configure({ instructions: "Be brief." })).instructions, "Be brief.");
});
