import assert from "node:assert/strict";
import test from "node:test";
import { RTClient } from "../src/client.js";
import { RTAudioContent, RTTextContent } from "../src/items/content.js";
import { RTFunctionCallItem } from "../src/items/function-call.js";
import { RTInputAudioItem } from "../src/items/input-audio.js";
import { RTMessageItem } from "../src/items/message.js";
import { RTResponse } from "../src/items/response.js";
import { collect } from "./support/collect.js";
import { content, created, done, itemBegins, itemEnds, messageItem, session, sessionCreated, speech } from "./support/events.js";
import { serve } from "./support/scripted-server.js";

/** @typedef {import("./support/scripted-server.js").Peer} Peer */

/**
 * A client in conversation with a script, which begins after `session.created`.
 * @param {import("node:test").TestContext} t
 * @param {(peer: Peer) => Promise<void> | void} script
 */
async function converse(t, script) {
  const { url, played } = await serve(t, async (peer) => {
    peer.send(sessionCreated);
    await script(peer);
  });
  const client = new RTClient(url, { key: "secret" }, { deployment: "dep1" });
  t.after(() => client.close());
  return { client, played };
}

/**
 * @param {RTClient} client
 * @returns {Promise<RTResponse>}
 */
async function generated(client) {
  const response = await client.generateResponse();
  assert.ok(response instanceof RTResponse);
  return response;
}

/**
 * @template T
 * @param {AsyncIterable<T>} values
 * @returns {Promise<T>}
 */
async function first(values) {
  for await (const value of values) return value;
  throw new Error("there is none");
}

const call = { id: "item_f", type: "function_call", status: "in_progress", name: "weather", call_id: "call_1", arguments: "" };

test("the session is known after init, and after configure", async (t) => {
  const { client } = await converse(t, async (peer) => {
    const update = await peer.receive("session.update");
    peer.send({ type: "session.updated", session: { ...session, ...update["session"] } });
  });
  assert.equal(/** @type {unknown} */ (client.session), undefined);
  assert.equal(client.init(), client.init());
  await client.init();
  assert.equal(client.session?.id, "sess_1");
  assert.match(String(client.requestId), /^[0-9a-f-]{36}$/);
  const updated = await client.configure({ instructions: "Be kind.", turn_detection: null });
  assert.equal(updated.instructions, "Be kind.");
  assert.equal(client.session, updated);
});

test("methods wait for the session by themselves, and keep their order", async (t) => {
  const { client, played } = await converse(t, async (peer) => {
    await peer.receive("input_audio_buffer.append");
    await peer.receive("input_audio_buffer.append");
    await peer.receive("input_audio_buffer.clear");
    peer.send({ type: "input_audio_buffer.cleared" });
  });
  await Promise.all([client.sendAudio(new Uint8Array(2)), client.sendAudio(new Uint8Array(4)), client.clearAudio()]);
  await played;
});

test("audio of any length goes out, in messages that services take", async (t) => {
  const audio = Uint8Array.from({ length: 9_000_000 }, (_, index) => index & 0xff);
  const { client, played } = await converse(t, async (peer) => {
    const pieces = [];
    for (let length = 0; length < audio.length; length += Number(pieces.at(-1)?.length)) {
      pieces.push(Buffer.from((await peer.receive("input_audio_buffer.append"))["audio"], "base64"));
    }
    assert.ok(Buffer.concat(pieces).equals(audio));
    assert.deepEqual(pieces.map(({ length }) => length), [4_194_304, 4_194_304, 611_392]);
    await peer.receive("input_audio_buffer.clear");
    peer.send({ type: "input_audio_buffer.cleared" });
  });
  await Promise.all([client.sendAudio(audio), client.clearAudio()]);
  await played;
});

test("an item gets an id, and is acknowledged by it", async (t) => {
  const { client } = await converse(t, async (peer) => {
    const { item } = await peer.receive("conversation.item.create");
    assert.match(item.id, /^item-[A-Za-z0-9_-]{27}$/);
    peer.send({ type: "conversation.item.created", previous_item_id: null, item: { ...item, id: "item_other" } });
    peer.send({ type: "conversation.item.created", previous_item_id: null, item: { ...item, status: "completed" } });
    const second = await peer.receive("conversation.item.create");
    assert.equal(second["previous_item_id"], item.id);
    peer.send({ type: "conversation.item.created", previous_item_id: item.id, item: second["item"] });
    peer.send({ type: "conversation.item.deleted", item_id: (await peer.receive("conversation.item.delete"))["item_id"] });
  });
  const given = /** @type {const} */ ({ type: "message", role: "user", content: [{ type: "input_text", text: "Hello" }] });
  const item = await client.sendItem({ ...given, content: [...given.content] });
  assert.ok(item.type === "message" && item.status === "completed");
  const second = await client.sendItem({ ...given, content: [...given.content], id: "mine" }, item.id);
  assert.equal(second.id, "mine");
  await client.removeItem("mine");
});

test("an answer streams its items, their contents, audio and transcript", async (t) => {
  const chunks = [Uint8Array.of(1, 0, 2, 0), Uint8Array.of(3, 0)];
  const usage = { total_tokens: 1 };
  const { client } = await converse(t, async (peer) => {
    await peer.receive("response.create");
    peer.send(
      created("resp_1"),
      ...itemBegins("resp_1", messageItem("item_a"), "item_u"),
      ...speech("resp_1", "item_a", chunks, "Hello there"),
      itemEnds("resp_1", messageItem("item_a", { status: "completed" })),
      done("resp_1", { usage, output: [messageItem("item_a")] }),
      { type: "rate_limits.updated", rate_limits: [] },
    );
  });
  const response = await generated(client);
  const [item, ...others] = await collect(response);
  assert.deepEqual(others, []);
  assert.ok(item instanceof RTMessageItem);
  assert.deepEqual(
    [item.type, item.id, item.responseId, item.previousItemId, item.role, item.status],
    ["message", "item_a", "resp_1", "item_u", "assistant", "completed"],
  );
  const [speaking, ...more] = await collect(item);
  assert.deepEqual(more, []);
  assert.ok(speaking instanceof RTAudioContent);
  assert.deepEqual([speaking.type, speaking.itemId, speaking.contentIndex], ["audio", "item_a", 0]);
  // One after the other: what is not read yet is kept.
  assert.deepEqual(await collect(speaking.transcriptChunks()), ["Hello there"]);
  assert.deepEqual(await collect(speaking.audioChunks()), chunks);
  assert.equal(speaking.transcript, "Hello there");
  assert.deepEqual([response.id, response.status, response.statusDetails], ["resp_1", "completed", null]);
  assert.deepEqual(response.usage, usage);
  assert.equal(response.output.length, 1);
});

test("text comes in chunks, and whole at the end", async (t) => {
  const { client } = await converse(t, async (peer) => {
    await peer.receive("response.create");
    peer.send(
      created("resp_1"),
      ...itemBegins("resp_1", messageItem("item_a")),
      content("resp_1", "item_a", "content_part.added", { part: { type: "text", text: "" } }),
      content("resp_1", "item_a", "text.delta", { delta: "One " }),
      content("resp_1", "item_a", "text.delta", { delta: "two" }),
      content("resp_1", "item_a", "text.done", { text: "One two" }),
      content("resp_1", "item_a", "content_part.done", { part: { type: "text", text: "One two" } }),
      itemEnds("resp_1", messageItem("item_a")),
      done("resp_1"),
    );
  });
  const item = await first(await generated(client));
  assert.ok(item.type === "message");
  const text = await first(item);
  assert.ok(text instanceof RTTextContent);
  assert.deepEqual(await collect(text.textChunks()), ["One ", "two"]);
  assert.equal(text.text, "One two");
});

test("parts and items of later protocols are passed over", async (t) => {
  const { client } = await converse(t, async (peer) => {
    await peer.receive("response.create");
    peer.send(
      created("resp_1"),
      ...itemBegins("resp_1", { id: "item_m", type: "mcp_call" }),
      ...itemBegins("resp_1", messageItem("item_a")),
      content("resp_1", "item_a", "content_part.added", { part: { type: "hologram" } }),
      content("resp_1", "item_a", "hologram.delta", { delta: "~" }),
      itemEnds("resp_1", messageItem("item_a")),
      done("resp_1"),
    );
  });
  const items = await collect(await generated(client));
  assert.deepEqual(items.map(({ id }) => id), ["item_a"]);
  assert.ok(items[0]?.type === "message");
  assert.deepEqual(await collect(items[0]), []);
});

for (const [what, order] of /** @type {[string, (events: any[]) => any[]][]} */ ([
  ["after", (events) => events],
  ["before", (events) => events.reverse()],
])) {
  test(`an item's place in the conversation may come ${what} the item`, async (t) => {
    const { client } = await converse(t, async (peer) => {
      await peer.receive("response.create");
      peer.send(created("resp_1"), ...order(itemBegins("resp_1", messageItem("item_a"), "item_u")), done("resp_1"));
    });
    const items = await collect(await generated(client));
    assert.deepEqual(items.map(({ previousItemId }) => previousItemId), ["item_u"]);
  });
}

test("an answer outside the conversation has items without a place", async (t) => {
  const { client } = await converse(t, async (peer) => {
    await peer.receive("response.create");
    const [added] = itemBegins("resp_1", call);
    peer.send(created("resp_1"), /** @type {any} */ (added), itemEnds("resp_1", { ...call, arguments: "{}" }), done("resp_1"));
  });
  const item = await first(await generated(client));
  assert.equal(item.previousItemId, undefined);
});

/** @param {Peer} peer */
async function callFunction(peer) {
  await peer.receive("response.create");
  const fields = { response_id: "resp_1", item_id: "item_f", output_index: 0, call_id: "call_1" };
  peer.send(
    created("resp_1"),
    ...itemBegins("resp_1", call),
    { type: "response.function_call_arguments.delta", ...fields, delta: '{"city":' },
    { type: "response.function_call_arguments.delta", ...fields, delta: '"Oslo"}' },
    { type: "response.function_call_arguments.done", ...fields, name: "weather", arguments: '{"city":"Oslo"}' },
    itemEnds("resp_1", { ...call, status: "completed", arguments: '{"city":"Oslo"}' }),
    done("resp_1"),
  );
}

test("a function call can be iterated: the pieces of its arguments come", async (t) => {
  const { client } = await converse(t, callFunction);
  const item = await first(await generated(client));
  assert.ok(item instanceof RTFunctionCallItem);
  assert.deepEqual([item.functionName, item.callId, item.responseId, item.previousItemId], ["weather", "call_1", "resp_1", null]);
  assert.deepEqual(await collect(item), ['{"city":', '"Oslo"}']);
  assert.equal(item.arguments, '{"city":"Oslo"}');
  await assert.rejects(item.waitForCompletion(), { message: "Cannot await after iterating." });
});

test("or awaited", async (t) => {
  const { client } = await converse(t, callFunction);
  const item = await first(await generated(client));
  assert.ok(item.type === "function_call");
  await item.waitForCompletion();
  await item.waitForCompletion();
  assert.equal(item.arguments, '{"city":"Oslo"}');
  assert.throws(() => item[Symbol.asyncIterator](), { message: "Cannot iterate after awaiting." });
});

test("answers that run side by side keep their own", async (t) => {
  const { client } = await converse(t, async (peer) => {
    for (const id of ["1", "2"]) {
      await peer.receive("response.create");
      peer.send(created(`resp_${id}`));
    }
    for (const id of ["1", "2"]) peer.send(...itemBegins(`resp_${id}`, messageItem(`item_${id}`)));
    for (const id of ["2", "1"]) peer.send(done(`resp_${id}`, { status: "completed" }));
  });
  const [one, two] = [await generated(client), await generated(client)];
  assert.deepEqual((await collect(one)).map(({ id }) => id), ["item_1"]);
  assert.deepEqual((await collect(two)).map(({ id }) => id), ["item_2"]);
});

test("cancelling asks the service and waits until the answer has ended", async (t) => {
  const { client, played } = await converse(t, async (peer) => {
    await peer.receive("response.create");
    peer.send(created("resp_1"), ...itemBegins("resp_1", messageItem("item_a")));
    await peer.receive("response.cancel");
    peer.send(done("resp_1", { status: "cancelled", status_details: { type: "cancelled", reason: "client_cancelled" } }));
  });
  const response = await generated(client);
  await response.cancel();
  await played;
  assert.equal(response.status, "cancelled");
  assert.deepEqual(response.statusDetails, { type: "cancelled", reason: "client_cancelled" });
  assert.deepEqual(await collect(response), []);
});

test("a cancellation that comes too late does no harm", async (t) => {
  const { client } = await converse(t, async (peer) => {
    await peer.receive("response.create");
    peer.send(created("resp_1"));
    const { event_id } = await peer.receive("response.cancel");
    peer.send(done("resp_1"));
    peer.send({ type: "error", error: { message: "Cancellation failed", code: "response_cancel_not_active", event_id } });
    await peer.receive("input_audio_buffer.clear");
    peer.send({ type: "input_audio_buffer.cleared" });
  });
  const response = await generated(client);
  await response.cancel();
  await response.cancel();
  await client.clearAudio();
});

test("a committed turn is complete when it is in the conversation", async (t) => {
  const { client } = await converse(t, async (peer) => {
    await peer.receive("input_audio_buffer.append");
    await peer.receive("input_audio_buffer.commit");
    peer.send({ type: "input_audio_buffer.committed", previous_item_id: null, item_id: "item_u" });
    peer.send({ type: "conversation.item.created", previous_item_id: null, item: messageItem("item_u", { role: "user" }) });
  });
  await client.sendAudio(new Uint8Array(9600));
  const item = await client.commitAudio();
  assert.ok(item instanceof RTInputAudioItem);
  assert.deepEqual([item.type, item.id, item.audioStartMillis], ["input_audio", "item_u", undefined]);
  await item.waitForCompletion();
  assert.equal(item.transcription, undefined);
});

test("with transcription, a turn is complete when its words are known, or fails with them", async (t) => {
  const { client } = await converse(t, async (peer) => {
    const update = await peer.receive("session.update");
    peer.send({ type: "session.updated", session: { ...session, ...update["session"] } });
    for (const id of ["item_1", "item_2"]) {
      await peer.receive("input_audio_buffer.commit");
      peer.send({ type: "input_audio_buffer.committed", previous_item_id: null, item_id: id });
      peer.send({ type: "conversation.item.created", previous_item_id: null, item: messageItem(id, { role: "user" }) });
    }
    const transcription = "conversation.item.input_audio_transcription";
    peer.send({ type: `${transcription}.delta`, item_id: "item_1", content_index: 0, delta: "Hel" });
    peer.send({ type: `${transcription}.completed`, item_id: "item_1", content_index: 0, transcript: "Hello" });
    const error = { type: "transcription_error", code: "audio_unintelligible", message: "What?" };
    peer.send({ type: `${transcription}.failed`, item_id: "item_2", content_index: 0, error });
  });
  await client.configure({ input_audio_transcription: { model: "whisper-1" } });
  const [one, two] = [await client.commitAudio(), await client.commitAudio()];
  await one.waitForCompletion();
  assert.equal(one.transcription, "Hello");
  await assert.rejects(two.waitForCompletion(), { name: "RTError", code: "audio_unintelligible", message: "What?" });
});

test("events are the user's turns and the answers, in order", async (t) => {
  const { client } = await converse(t, async (peer) => {
    peer.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 120, item_id: "item_u" });
    peer.send({ type: "input_audio_buffer.speech_stopped", audio_end_ms: 980, item_id: "item_u" });
    peer.send({ type: "input_audio_buffer.committed", previous_item_id: null, item_id: "item_u" });
    peer.send({ type: "conversation.item.created", previous_item_id: null, item: messageItem("item_u", { role: "user" }) });
    peer.send(created("resp_1"), done("resp_1"));
    peer.socket.close(1000);
  });
  const [turn, answer, ...others] = await collect(client.events());
  assert.deepEqual(others, []);
  assert.ok(turn instanceof RTInputAudioItem && answer instanceof RTResponse);
  await turn.waitForCompletion();
  assert.deepEqual([turn.audioStartMillis, turn.audioEndMillis], [120, 980]);
  assert.equal(answer.id, "resp_1");
});

test("while events are iterated, answers that were asked for come there too", async (t) => {
  const { client } = await converse(t, async (peer) => {
    await peer.receive("response.create");
    peer.send(created("resp_1"), done("resp_1"));
    await peer.receive("response.create");
    peer.send(created("resp_2"), done("resp_2"));
  });
  const events = client.events();
  const next = events.next();
  assert.equal(await client.generateResponse(), undefined);
  assert.ok((await next).value instanceof RTResponse);
  await events.return();
  assert.equal((await client.generateResponse())?.id, "resp_2");
});

test("whatever had arrived can be read after closing", async (t) => {
  const { client } = await converse(t, async (peer) => {
    await peer.receive("response.create");
    peer.send(
      created("resp_1"),
      ...itemBegins("resp_1", messageItem("item_a")),
      ...speech("resp_1", "item_a", [Uint8Array.of(1, 0)], "Hi"),
      itemEnds("resp_1", messageItem("item_a")),
      done("resp_1"),
    );
    await peer.receive("input_audio_buffer.clear");
    peer.send({ type: "input_audio_buffer.cleared" });
  });
  const response = await generated(client);
  await client.clearAudio(); // Answered last, so the answer is all here.
  await client.close();
  const item = await first(response);
  assert.ok(item.type === "message");
  const part = await first(item);
  assert.ok(part.type === "audio");
  assert.deepEqual(await collect(part.transcriptChunks()), ["Hi"]);
  assert.deepEqual(await collect(part.audioChunks()), [Uint8Array.of(1, 0)]);
});
