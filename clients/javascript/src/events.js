/** @import { ServerMessageType } from "./models/server-messages.js" */

/** The service sent what is not an event of the protocol. Programs see it as an `RTError`. */
export class MalformedEvent extends Error {}

/** @typedef {"string" | "number" | "object" | "identified"} Kind `identified`: an object with a string `id` */

/** @type {Record<string, Kind>} */
const CONTENT = { response_id: "string", item_id: "string", content_index: "number" };

/**
 * The fields without which an event cannot be followed. The rest is the program's to read.
 * @type {Record<string, Record<string, Kind>>}
 */
const FIELDS = {
  "error": { error: "object" },
  "session.created": { session: "object" },
  "session.updated": { session: "object" },
  "transcription_session.created": { session: "object" },
  "transcription_session.updated": { session: "object" },
  "input_audio_buffer.committed": { item_id: "string" },
  "input_audio_buffer.speech_started": { item_id: "string", audio_start_ms: "number" },
  "input_audio_buffer.speech_stopped": { item_id: "string", audio_end_ms: "number" },
  "conversation.item.created": { item: "identified" },
  "conversation.item.deleted": { item_id: "string" },
  "conversation.item.input_audio_transcription.delta": { item_id: "string", delta: "string" },
  "conversation.item.input_audio_transcription.completed": { item_id: "string", transcript: "string" },
  "conversation.item.input_audio_transcription.failed": { item_id: "string", error: "object" },
  "response.created": { response: "identified" },
  "response.done": { response: "identified" },
  "response.output_item.added": { response_id: "string", item: "identified" },
  "response.output_item.done": { response_id: "string", item: "identified" },
  "response.content_part.added": { ...CONTENT, part: "object" },
  "response.content_part.done": { ...CONTENT, part: "object" },
  "response.text.delta": { ...CONTENT, delta: "string" },
  "response.audio_transcript.delta": { ...CONTENT, delta: "string" },
  "response.audio.delta": { ...CONTENT, delta: "string" },
  "response.function_call_arguments.delta": { response_id: "string", item_id: "string", delta: "string" },
};

/**
 * @param {unknown} data of a WebSocket message
 * @returns {Record<string, unknown> & { type: string }}
 * @throws {MalformedEvent} unless it is the JSON text of an object with a `type`
 */
export function parseEvent(data) {
  if (typeof data !== "string") throw new MalformedEvent("expected text, got binary data");
  let event;
  try {
    event = JSON.parse(data);
  } catch (cause) {
    throw new MalformedEvent("not JSON", { cause });
  }
  if (typeof event !== "object" || event === null || typeof event.type !== "string") {
    throw new MalformedEvent("not an object with a type");
  }
  return event;
}

/**
 * @param {Record<string, unknown> & { type: string }} event of any type: newer ones than this client knows pass
 * @returns {ServerMessageType}
 * @throws {MalformedEvent} if a known event lacks what it is about
 */
export function checkEvent(event) {
  const fields = Object.hasOwn(FIELDS, event.type) ? FIELDS[event.type] : undefined;
  for (const [name, kind] of Object.entries(fields ?? {})) {
    if (!isOfKind(event[name], kind)) throw new MalformedEvent(`${event.type} without ${name}`);
  }
  return /** @type {ServerMessageType} */ (/** @type {unknown} */ (event));
}

/**
 * @param {unknown} value
 * @param {Kind} kind
 */
function isOfKind(value, kind) {
  if (kind === "string" || kind === "number") return typeof value === kind;
  if (typeof value !== "object" || value === null) return false;
  return kind === "object" || ("id" in value && typeof value.id === "string");
}
