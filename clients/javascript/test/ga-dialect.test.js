import assert from "node:assert/strict";
import test from "node:test";
import { RTClient } from "../src/client.js";
import { GADialect } from "../src/dialects/ga.js";
import { collect } from "./support/collect.js";
import { serve } from "./support/scripted-server.js";

/** @typedef {import("../src/dialects/index.js").WireMessage} WireMessage */
/** @typedef {import("../src/models/client-messages.js").UserMessageType} UserMessageType */

/**
 * @param {UserMessageType} message
 * @param {GADialect} [dialect]
 */
const out = (message, dialect = new GADialect()) => dialect.outgoing(message);

/**
 * @param {WireMessage} event
 * @param {GADialect} [dialect]
 */
const back = (event, dialect = new GADialect()) => dialect.incoming(event);

const gaSession = {
  type: "realtime",
  object: "realtime.session",
  id: "sess_1",
  model: "gpt-realtime",
  output_modalities: ["audio"],
  instructions: "Be kind.",
  tools: [],
  tool_choice: { type: "function", name: "weather" },
  max_output_tokens: "inf",
  audio: {
    input: {
      format: { type: "audio/pcmu" },
      transcription: null,
      noise_reduction: { type: "near_field" },
      turn_detection: { type: "server_vad", threshold: 0.5 },
    },
    output: { format: { type: "audio/pcm", rate: 24_000 }, voice: "marin", speed: 1 },
  },
};

test("session.update: flat settings go where GA has them, and temperature goes", () => {
  const session = /** @type {const} */ ({
    modalities: ["text", "audio"],
    voice: "alloy",
    instructions: "Be kind.",
    input_audio_format: "g711-ulaw",
    output_audio_format: "pcm16",
    input_audio_transcription: {},
    turn_detection: null,
    tools: [],
    tool_choice: { type: "function", function: "weather" },
    temperature: 0.7,
    max_response_output_tokens: 100,
  });
  const given = { ...session, modalities: [...session.modalities], tools: [] };
  assert.deepEqual(out({ type: "session.update", event_id: "e", session: given }), [
    {
      type: "session.update",
      event_id: "e",
      session: {
        type: "realtime",
        output_modalities: ["audio"],
        instructions: "Be kind.",
        tools: [],
        tool_choice: { type: "function", name: "weather" },
        max_output_tokens: 100,
        audio: {
          input: { format: { type: "audio/pcmu" }, transcription: { model: "whisper-1" }, turn_detection: null },
          output: { format: { type: "audio/pcm", rate: 24_000 }, voice: "alloy" },
        },
      },
    },
  ]);
  assert.equal(given.temperature, 0.7);
});

test("session.update: only what was given is sent", () => {
  assert.deepEqual(out({ type: "session.update", session: { modalities: ["text"] } }), [
    { type: "session.update", session: { type: "realtime", output_modalities: ["text"] } },
  ]);
});

for (const [flat, nested] of /** @type {const} */ ([
  ["pcm16", { type: "audio/pcm", rate: 24_000 }],
  ["g711-ulaw", { type: "audio/pcmu" }],
  ["g711_ulaw", { type: "audio/pcmu" }],
  ["g711-alaw", { type: "audio/pcma" }],
  ["g711_alaw", { type: "audio/pcma" }],
  ["opus", "opus"],
])) {
  test(`session.update: format ${flat}`, () => {
    const [message] = out({ type: "session.update", session: { output_audio_format: /** @type {any} */ (flat) } });
    assert.deepEqual(message, {
      type: "session.update",
      session: { type: "realtime", audio: { output: { format: nested } } },
    });
  });
}

test("session.update: values that only the preview has", () => {
  const session = /** @type {any} */ ({
    turn_detection: { type: "none" },
    tool_choice: { type: "function", function: { name: "weather" } },
    input_audio_transcription: null,
  });
  assert.deepEqual(out({ type: "session.update", session }), [
    {
      type: "session.update",
      session: {
        type: "realtime",
        tool_choice: { type: "function", name: "weather" },
        audio: { input: { turn_detection: null, transcription: null } },
      },
    },
  ]);
});

test("sessions come back flat, with every key that the preview has", () => {
  assert.deepEqual(back({ type: "session.updated", event_id: "event_1", session: gaSession }), {
    type: "session.updated",
    event_id: "event_1",
    session: {
      object: "realtime.session",
      id: "sess_1",
      model: "gpt-realtime",
      modalities: ["audio", "text"],
      instructions: "Be kind.",
      voice: "marin",
      speed: 1,
      input_audio_format: "g711-ulaw",
      output_audio_format: "pcm16",
      input_audio_transcription: null,
      input_audio_noise_reduction: { type: "near_field" },
      turn_detection: { type: "server_vad", threshold: 0.5 },
      tools: [],
      tool_choice: { type: "function", function: "weather" },
      temperature: 0.8,
      max_response_output_tokens: "inf",
    },
  });
  const bare = /** @type {any} */ (back({ type: "session.created", session: { type: "realtime", id: "s", model: "m" } }));
  assert.deepEqual(Object.keys(bare.session).sort(), [
    "id",
    "input_audio_format",
    "input_audio_transcription",
    "instructions",
    "max_response_output_tokens",
    "modalities",
    "model",
    "output_audio_format",
    "temperature",
    "tool_choice",
    "tools",
    "turn_detection",
    "voice",
  ]);
});

test("a voice of one's own is known by its id; alaw and text come back, too", () => {
  const session = {
    output_modalities: ["text"],
    audio: { output: { voice: { id: "voice_1" }, format: { type: "audio/pcma" } } },
  };
  const { session: flat } = /** @type {any} */ (back({ type: "session.created", session }));
  assert.deepEqual([flat.voice, flat.output_audio_format, flat.modalities], ["voice_1", "g711-alaw", ["text"]]);
});

test("transcription sessions have names of their own", () => {
  const session = { input_audio_transcription: { model: "whisper-1" }, turn_detection: null };
  assert.deepEqual(out({ type: "transcription_session.update", session }), [
    {
      type: "session.update",
      session: { type: "transcription", audio: { input: { transcription: { model: "whisper-1" }, turn_detection: null } } },
    },
  ]);
  const event = {
    type: "session.created",
    session: { type: "transcription", id: "sess_1", audio: { input: { format: { type: "audio/pcm", rate: 24_000 } } } },
  };
  assert.deepEqual(back(event), {
    type: "transcription_session.created",
    session: { id: "sess_1", input_audio_format: "pcm16" },
  });
});

test("the assistant's content is named differently, the user's is not", () => {
  const assistant = /** @type {const} */ ({ type: "message", role: "assistant", content: [{ type: "text", text: "Hi" }] });
  const [sent] = /** @type {any[]} */ (
    out({ type: "conversation.item.create", item: { ...assistant, content: [...assistant.content] } })
  );
  assert.deepEqual(sent.item.content, [{ type: "output_text", text: "Hi" }]);
  const user = { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] };
  const [unchanged] = /** @type {any[]} */ (out(/** @type {any} */ ({ type: "conversation.item.create", item: user })));
  assert.equal(unchanged.item, user);

  const item = { id: "i", type: "message", role: "assistant", content: [{ type: "output_audio", transcript: "Hi" }] };
  for (const type of ["conversation.item.added", "conversation.item.retrieved", "response.output_item.done"]) {
    const event = /** @type {any} */ (back({ type, item }));
    assert.deepEqual(event.item.content, [{ type: "audio", transcript: "Hi" }]);
  }
  for (const type of ["text", "output_text"]) {
    const event = /** @type {any} */ (back({ type: "response.content_part.added", part: { type, text: "" } }));
    assert.equal(event.part.type, "text");
  }
});

test("events have the preview's names", () => {
  for (const [name, expected] of [
    ["response.output_text.delta", "response.text.delta"],
    ["response.output_text.done", "response.text.done"],
    ["response.output_audio.delta", "response.audio.delta"],
    ["response.output_audio.done", "response.audio.done"],
    ["response.output_audio_transcript.delta", "response.audio_transcript.delta"],
    ["response.output_audio_transcript.done", "response.audio_transcript.done"],
    ["conversation.item.added", "conversation.item.created"],
    ["input_audio_buffer.committed", "input_audio_buffer.committed"],
    ["mcp_list_tools.completed", "mcp_list_tools.completed"],
  ]) {
    assert.equal(back({ type: String(name), delta: "x" })?.type, expected);
  }
  assert.equal(back({ type: "conversation.item.done", item: {} }), undefined);
});

test("response.create: settings of one answer", () => {
  const response = /** @type {const} */ ({
    commit: false,
    cancel_previous: false,
    input_items: [{ type: "message", role: "assistant", content: [{ type: "text", text: "Hi" }] }],
    modalities: ["text"],
    voice: "alloy",
    temperature: 0.7,
    max_output_tokens: 50,
    instructions: "Be brief.",
    output_audio_format: "pcm16",
  });
  assert.deepEqual(out(/** @type {any} */ ({ type: "response.create", response })), [
    {
      type: "response.create",
      response: {
        conversation: "none",
        input: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "Hi" }] }],
        output_modalities: ["text"],
        audio: { output: { voice: "alloy", format: { type: "audio/pcm", rate: 24_000 } } },
        max_output_tokens: 50,
        instructions: "Be brief.",
      },
    },
  ]);
  assert.deepEqual(out({ type: "response.create" }), [{ type: "response.create" }]);
});

test("response.create: items to append go first", () => {
  const item = /** @type {any} */ ({ type: "message", role: "user", content: [] });
  assert.deepEqual(out({ type: "response.create", response: { append_input_items: [item] } }), [
    { type: "conversation.item.create", item },
    { type: "response.create", response: {} },
  ]);
});

test("response.create: the running answer is cancelled first, and that may come too late", () => {
  const dialect = new GADialect();
  back({ type: "response.created", response: { id: "resp_0", conversation_id: null } }, dialect);
  back({ type: "response.created", response: { id: "resp_1", conversation_id: "conv_1" } }, dialect);
  assert.equal(out({ type: "response.create", response: { cancel_previous: false } }, dialect).length, 1);
  assert.equal(out({ type: "response.create" }, dialect).length, 1);
  const [cancel] = /** @type {any[]} */ (out({ type: "response.create", response: {} }, dialect));
  assert.deepEqual([cancel.type, cancel.response_id], ["response.cancel", "resp_1"]);
  const error = { type: "error", error: { message: "Cancellation failed", event_id: cancel.event_id } };
  assert.equal(back(error, dialect), undefined);
  assert.equal(back(error, dialect), error);
});

test("response.create: an answer that is done needs no cancelling", () => {
  const dialect = new GADialect();
  back({ type: "response.created", response: { id: "resp_1" } }, dialect);
  back({ type: "response.done", response: { id: "resp_1" } }, dialect);
  assert.equal(out({ type: "response.create", response: {} }, dialect).length, 1);
});

test("responses come back flat, and what went well has no details", () => {
  const response = {
    id: "resp_1",
    status: "completed",
    status_details: { type: "completed" },
    output_modalities: ["audio"],
    max_output_tokens: "inf",
    audio: { output: { voice: "marin", format: { type: "audio/pcm", rate: 24_000 } } },
    output: [{ id: "i", type: "message", role: "assistant", content: [{ type: "output_text", text: "Hi" }] }],
  };
  assert.deepEqual(back({ type: "response.done", response }), {
    type: "response.done",
    response: {
      id: "resp_1",
      status: "completed",
      status_details: null,
      modalities: ["audio", "text"],
      max_output_tokens: "inf",
      voice: "marin",
      output_audio_format: "pcm16",
      output: [{ id: "i", type: "message", role: "assistant", content: [{ type: "text", text: "Hi" }] }],
    },
  });
});

test("what is malformed passes, to be refused as such", () => {
  for (const event of [
    { type: "session.created" },
    { type: "session.created", session: 7 },
    { type: "response.done", response: null },
    { type: "conversation.item.added", item: [] },
    { type: "response.content_part.added", part: "text" },
    { type: "error", error: null },
  ]) {
    const { type, ...rest } = event;
    const { type: _, ...passed } = /** @type {any} */ (back(event));
    assert.deepEqual(passed, rest);
  }
});

test("a program of the preview converses with a service of general availability", async (t) => {
  const item = { id: "item_a", object: "realtime.item", type: "message", role: "assistant", status: "in_progress", content: [] };
  const position = { response_id: "resp_1", item_id: "item_a", output_index: 0, content_index: 0 };
  const { url } = await serve(t, async (peer) => {
    assert.equal(peer.request.url, "/openai/v1/realtime?model=gpt-realtime");
    peer.send({ type: "session.created", session: gaSession });
    const update = await peer.receive("session.update");
    assert.deepEqual(update["session"], { type: "realtime", audio: { output: { voice: "alloy" } } });
    peer.send({ type: "session.updated", session: { ...gaSession, audio: { output: { voice: "alloy" } } } });
    const { item: asked } = await peer.receive("conversation.item.create");
    peer.send({ type: "conversation.item.added", previous_item_id: null, item: asked });
    peer.send({ type: "conversation.item.done", previous_item_id: null, item: asked });
    await peer.receive("response.create");
    peer.send(
      { type: "response.created", response: { id: "resp_1", status: "in_progress", output: [], conversation_id: "c" } },
      { type: "response.output_item.added", response_id: "resp_1", output_index: 0, item },
      { type: "conversation.item.added", previous_item_id: asked.id, item },
      { type: "response.content_part.added", ...position, part: { type: "audio", transcript: "" } },
      { type: "response.output_audio_transcript.delta", ...position, delta: "Hello" },
      { type: "response.output_audio.delta", ...position, delta: "AQI=" },
      { type: "response.output_audio.done", ...position },
      { type: "response.output_audio_transcript.done", ...position, transcript: "Hello" },
      { type: "response.content_part.done", ...position, part: { type: "audio", transcript: "Hello" } },
      { type: "conversation.item.done", previous_item_id: asked.id, item: { ...item, status: "completed" } },
      { type: "response.output_item.done", response_id: "resp_1", output_index: 0, item: { ...item, status: "completed" } },
      { type: "response.done", response: { id: "resp_1", status: "completed", output: [item], conversation_id: "c" } },
    );
  });
  const client = new RTClient(url, { key: "secret" }, { deployment: "gpt-realtime", dialect: "ga" });
  t.after(() => client.close());
  assert.equal((await client.configure({ voice: "alloy" })).voice, "alloy");
  const asked = await client.sendItem({ type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] });
  const response = await client.generateResponse();
  assert.ok(response);
  const [answer] = await collect(response);
  assert.ok(answer?.type === "message");
  assert.equal(answer.previousItemId, asked.id);
  const [speech] = await collect(answer);
  assert.ok(speech?.type === "audio");
  assert.deepEqual(await collect(speech.transcriptChunks()), ["Hello"]);
  assert.deepEqual(await collect(speech.audioChunks()), [Uint8Array.of(1, 2)]);
});
