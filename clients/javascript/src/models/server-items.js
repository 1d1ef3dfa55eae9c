// Items, responses and errors as the service sends them. Types only: nothing of this file remains at run time.

/** @import { MessageRole } from "./common.js" */

/** @typedef {"in_progress" | "completed" | "incomplete"} ResponseItemStatus */

/** @typedef {{ type: "input_text", text: string }} ResponseItemInputTextContentPart */

/** @typedef {{ type: "input_audio", transcript: string | null }} ResponseItemInputAudioContentPart */

/** @typedef {{ type: "text", text: string }} ResponseItemTextContentPart */

/** @typedef {{ type: "audio", transcript: string | null }} ResponseItemAudioContentPart */

/**
 * @typedef {ResponseItemInputTextContentPart
 *   | ResponseItemInputAudioContentPart
 *   | ResponseItemTextContentPart
 *   | ResponseItemAudioContentPart} ResponseItemContentPart
 */

/** @typedef {{ type: "message", id: string, status: ResponseItemStatus, role: MessageRole, content: ResponseItemContentPart[] }} ResponseMessageItem */

/** @typedef {{ type: "function_call", id: string, status: ResponseItemStatus, name: string, call_id: string, arguments: string }} ResponseFunctionCallItem */

/** @typedef {{ type: "function_call_output", id: string, call_id: string, output: string }} ResponseFunctionCallOutputItem */

/** @typedef {ResponseMessageItem | ResponseFunctionCallItem | ResponseFunctionCallOutputItem} ResponseItem */

/** @typedef {"in_progress" | "completed" | "cancelled" | "incomplete" | "failed"} ResponseStatus */

/** @typedef {{ type: "cancelled", reason: "turn_detected" | "client_cancelled" }} ResponseCancelledDetails */

/** @typedef {{ type: "incomplete", reason: "max_output_tokens" | "content_filter" }} ResponseIncompleteDetails */

/** @typedef {{ type: "failed", error: { type?: string, code?: string | null, message?: string } }} ResponseFailedDetails */

/** @typedef {ResponseCancelledDetails | ResponseIncompleteDetails | ResponseFailedDetails} ResponseStatusDetails */

/** @typedef {{ cached_tokens: number, text_tokens: number, audio_tokens: number }} InputTokenDetails */

/** @typedef {{ text_tokens: number, audio_tokens: number }} OutputTokenDetails */

/**
 * @typedef {object} Usage
 * @property {number} total_tokens
 * @property {number} input_tokens
 * @property {number} output_tokens
 * @property {InputTokenDetails} input_token_details
 * @property {OutputTokenDetails} output_token_details
 */

/**
 * @typedef {object} Response
 * @property {string} id
 * @property {ResponseStatus} status
 * @property {ResponseStatusDetails | null} status_details
 * @property {ResponseItem[]} output
 * @property {Usage | null} usage
 */

/**
 * What an `error` event says; `event_id` is that of the client's message at fault.
 * @typedef {object} RealtimeError
 * @property {string} message
 * @property {string} [type]
 * @property {string | null} [code]
 * @property {string | null} [param]
 * @property {string | null} [event_id]
 */

export {};
