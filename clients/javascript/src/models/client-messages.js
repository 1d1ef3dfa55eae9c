// Messages that the client sends. An `error` of the service names the `event_id` it is about.
// Types only: nothing of this file remains at run time.

/**
 * @import { AudioFormat, InputAudioTranscription, MaxTokensType, Modality, ToolChoice, ToolsDefinition, TurnDetection, Voice } from "./common.js"
 * @import { Item } from "./items.js"
 */

/**
 * What to change in a session; absent fields stay as they are.
 * @typedef {object} SessionUpdateParams
 * @property {string} [model]
 * @property {Modality[]} [modalities]
 * @property {Voice} [voice]
 * @property {string} [instructions]
 * @property {AudioFormat} [input_audio_format]
 * @property {AudioFormat} [output_audio_format]
 * @property {InputAudioTranscription | null} [input_audio_transcription]
 * @property {TurnDetection} [turn_detection]
 * @property {ToolsDefinition} [tools]
 * @property {ToolChoice} [tool_choice]
 * @property {number} [temperature] from 0.6 to 1.2
 * @property {MaxTokensType} [max_response_output_tokens]
 */

/** @typedef {{ type: "session.update", event_id?: string, session: SessionUpdateParams }} SessionUpdateMessage */

/**
 * What to change in a session that only transcribes; from 2025-04-01 on.
 * @typedef {object} TranscriptionSessionUpdateParams
 * @property {AudioFormat} [input_audio_format]
 * @property {InputAudioTranscription} [input_audio_transcription]
 * @property {TurnDetection} [turn_detection]
 */

/** @typedef {{ type: "transcription_session.update", event_id?: string, session: TranscriptionSessionUpdateParams }} TranscriptionSessionUpdateMessage */

/** @typedef {{ type: "input_audio_buffer.append", event_id?: string, audio: string }} InputAudioBufferAppendMessage */

/** @typedef {{ type: "input_audio_buffer.commit", event_id?: string }} InputAudioBufferCommitMessage */

/** @typedef {{ type: "input_audio_buffer.clear", event_id?: string }} InputAudioBufferClearMessage */

/** @typedef {{ type: "conversation.item.create", event_id?: string, previous_item_id?: string | null, item: Item }} ItemCreateMessage */

/** @typedef {{ type: "conversation.item.truncate", event_id?: string, item_id: string, content_index: number, audio_end_ms: number }} ItemTruncateMessage */

/** @typedef {{ type: "conversation.item.delete", event_id?: string, item_id: string }} ItemDeleteMessage */

/** @typedef {{ type: "conversation.item.retrieve", event_id?: string, item_id: string }} ItemRetrieveMessage */

/**
 * Settings of one response; absent fields are those of the session.
 * @typedef {object} ResponseCreateParams
 * @property {boolean} [commit] `false`: the answer stays out of the conversation
 * @property {boolean} [cancel_previous] cancel the running response first
 * @property {Item[]} [append_input_items] added to the conversation first
 * @property {Item[]} [input_items] instead of the conversation
 * @property {string} [instructions]
 * @property {Modality[]} [modalities]
 * @property {Voice} [voice]
 * @property {number} [temperature]
 * @property {MaxTokensType} [max_output_tokens]
 * @property {ToolsDefinition} [tools]
 * @property {ToolChoice} [tool_choice]
 * @property {AudioFormat} [output_audio_format]
 */

/** @typedef {{ type: "response.create", event_id?: string, response?: ResponseCreateParams }} ResponseCreateMessage */

/** @typedef {{ type: "response.cancel", event_id?: string }} ResponseCancelMessage */

/**
 * @typedef {SessionUpdateMessage
 *   | TranscriptionSessionUpdateMessage
 *   | InputAudioBufferAppendMessage
 *   | InputAudioBufferCommitMessage
 *   | InputAudioBufferClearMessage
 *   | ItemCreateMessage
 *   | ItemTruncateMessage
 *   | ItemDeleteMessage
 *   | ItemRetrieveMessage
 *   | ResponseCreateMessage
 *   | ResponseCancelMessage} UserMessageType
 */

export {};
