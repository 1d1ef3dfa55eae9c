// Events as the service of 2024-10-01 sends them.

/** @typedef {import("./scripted-server.js").Message} Message */

export const session = {
  id: "sess_1",
  model: "gpt-4o-realtime-preview",
  modalities: ["audio", "text"],
  instructions: "",
  voice: "alloy",
  input_audio_format: "pcm16",
  output_audio_format: "pcm16",
  input_audio_transcription: null,
  turn_detection: null,
  tools: [],
  tool_choice: "auto",
  temperature: 0.8,
  max_response_output_tokens: "inf",
};

/** @type {Message} */
export const sessionCreated = { type: "session.created", session };

/**
 * @param {string} id
 * @param {object} [fields]
 */
export function response(id, fields) {
  return { id, status: "in_progress", status_details: null, output: [], usage: null, ...fields };
}

/**
 * @param {string} id
 * @returns {Message}
 */
export function created(id) {
  return { type: "response.created", response: response(id) };
}

/**
 * @param {string} id
 * @param {object} [fields]
 * @returns {Message}
 */
export function done(id, fields) {
  return { type: "response.done", response: response(id, { status: "completed", ...fields }) };
}

/**
 * @param {string} id
 * @param {object} [fields]
 */
export function messageItem(id, fields) {
  return { id, type: "message", status: "in_progress", role: "assistant", content: [], ...fields };
}

/**
 * @param {string} responseId
 * @param {object} item
 * @param {string | null} [previous]
 * @returns {Message[]} that an item of an answer begins
 */
export function itemBegins(responseId, item, previous = null) {
  return [
    { type: "response.output_item.added", response_id: responseId, output_index: 0, item },
    { type: "conversation.item.created", previous_item_id: previous, item },
  ];
}

/**
 * @param {string} responseId
 * @param {object} item
 * @returns {Message}
 */
export function itemEnds(responseId, item) {
  return { type: "response.output_item.done", response_id: responseId, output_index: 0, item };
}

/**
 * @param {string} responseId
 * @param {string} itemId
 * @param {string} type after `response.`
 * @param {object} [fields]
 * @returns {Message}
 */
export function content(responseId, itemId, type, fields) {
  return {
    type: `response.${type}`,
    response_id: responseId,
    item_id: itemId,
    output_index: 0,
    content_index: 0,
    ...fields,
  };
}

/**
 * @param {string} responseId
 * @param {string} itemId
 * @param {Uint8Array[]} chunks
 * @param {string} words
 * @returns {Message[]} that an item speaks
 */
export function speech(responseId, itemId, chunks, words) {
  return [
    content(responseId, itemId, "content_part.added", { part: { type: "audio", transcript: "" } }),
    content(responseId, itemId, "audio_transcript.delta", { delta: words }),
    ...chunks.map((chunk) =>
      content(responseId, itemId, "audio.delta", { delta: Buffer.from(chunk).toString("base64") }),
    ),
    content(responseId, itemId, "audio.done"),
    content(responseId, itemId, "audio_transcript.done", { transcript: words }),
    content(responseId, itemId, "content_part.done", { part: { type: "audio", transcript: words } }),
  ];
}
