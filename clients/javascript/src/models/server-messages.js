// Messages of the service, in the shape of the 2024-10-01 preview. Types only: nothing of this file remains at run time.

/**
 * @import { AudioFormat, InputAudioTranscription, MaxTokensType, Modality, ToolChoice, ToolsDefinition, TurnDetection, Voice } from "./common.js"
 * @import { RealtimeError, Response, ResponseItem, ResponseItemAudioContentPart, ResponseItemTextContentPart } from "./server-items.js"
 */

/**
 * @typedef {object} Session
 * @property {string} id
 * @property {string} model
 * @property {Modality[]} modalities
 * @property {string} instructions
 * @property {Voice} voice
 * @property {AudioFormat} input_audio_format
 * @property {AudioFormat} output_audio_format
 * @property {InputAudioTranscription | null} input_audio_transcription
 * @property {TurnDetection} turn_detection
 * @property {ToolsDefinition} tools
 * @property {ToolChoice} tool_choice
 * @property {number} temperature
 * @property {MaxTokensType} max_response_output_tokens
 */

/**
 * A session that only transcribes.
 * @typedef {object} TranscriptionSession
 * @property {string} id
 * @property {AudioFormat} input_audio_format
 * @property {InputAudioTranscription | null} input_audio_transcription
 * @property {TurnDetection} turn_detection
 */

/** @typedef {{ type: "error", event_id: string, error: RealtimeError }} ErrorMessage */

/** @typedef {{ type: "session.created", event_id: string, session: Session }} SessionCreatedMessage */

/** @typedef {{ type: "session.updated", event_id: string, session: Session }} SessionUpdatedMessage */

/** @typedef {{ type: "transcription_session.created", event_id: string, session: TranscriptionSession }} TranscriptionSessionCreatedMessage */

/** @typedef {{ type: "transcription_session.updated", event_id: string, session: TranscriptionSession }} TranscriptionSessionUpdatedMessage */

/** @typedef {{ type: "input_audio_buffer.committed", event_id: string, previous_item_id: string | null, item_id: string }} InputAudioBufferCommittedMessage */

/** @typedef {{ type: "input_audio_buffer.cleared", event_id: string }} InputAudioBufferClearedMessage */

/** @typedef {{ type: "input_audio_buffer.speech_started", event_id: string, audio_start_ms: number, item_id: string }} InputAudioBufferSpeechStartedMessage */

/** @typedef {{ type: "input_audio_buffer.speech_stopped", event_id: string, audio_end_ms: number, item_id: string }} InputAudioBufferSpeechStoppedMessage */

/** @typedef {{ type: "conversation.item.created", event_id: string, previous_item_id: string | null, item: ResponseItem }} ItemCreatedMessage */

/** @typedef {{ type: "conversation.item.truncated", event_id: string, item_id: string, content_index: number, audio_end_ms: number }} ItemTruncatedMessage */

/** @typedef {{ type: "conversation.item.deleted", event_id: string, item_id: string }} ItemDeletedMessage */

/** @typedef {{ type: "conversation.item.input_audio_transcription.delta", event_id: string, item_id: string, content_index: number, delta: string }} ItemInputAudioTranscriptionDeltaMessage */

/** @typedef {{ type: "conversation.item.input_audio_transcription.completed", event_id: string, item_id: string, content_index: number, transcript: string }} ItemInputAudioTranscriptionCompletedMessage */

/** @typedef {{ type: "conversation.item.input_audio_transcription.failed", event_id: string, item_id: string, content_index: number, error: RealtimeError }} ItemInputAudioTranscriptionFailedMessage */

/** @typedef {{ type: "response.created", event_id: string, response: Response }} ResponseCreatedMessage */

/** @typedef {{ type: "response.done", event_id: string, response: Response }} ResponseDoneMessage */

/** @typedef {{ type: "response.output_item.added", event_id: string, response_id: string, output_index: number, item: ResponseItem }} ResponseOutputItemAddedMessage */

/** @typedef {{ type: "response.output_item.done", event_id: string, response_id: string, output_index: number, item: ResponseItem }} ResponseOutputItemDoneMessage */

/**
 * Where in a response something belongs.
 * @typedef {{ event_id: string, response_id: string, item_id: string, output_index: number, content_index: number }} ContentPosition
 */

/** @typedef {ResponseItemTextContentPart | ResponseItemAudioContentPart} ResponseContentPart */

/** @typedef {ContentPosition & { type: "response.content_part.added", part: ResponseContentPart }} ResponseContentPartAddedMessage */

/** @typedef {ContentPosition & { type: "response.content_part.done", part: ResponseContentPart }} ResponseContentPartDoneMessage */

/** @typedef {ContentPosition & { type: "response.text.delta", delta: string }} ResponseTextDeltaMessage */

/** @typedef {ContentPosition & { type: "response.text.done", text: string }} ResponseTextDoneMessage */

/** @typedef {ContentPosition & { type: "response.audio_transcript.delta", delta: string }} ResponseAudioTranscriptDeltaMessage */

/** @typedef {ContentPosition & { type: "response.audio_transcript.done", transcript: string }} ResponseAudioTranscriptDoneMessage */

/**
 * `delta` is base64 in the session's output format.
 * @typedef {ContentPosition & { type: "response.audio.delta", delta: string }} ResponseAudioDeltaMessage
 */

/** @typedef {ContentPosition & { type: "response.audio.done" }} ResponseAudioDoneMessage */

/** @typedef {{ type: "response.function_call_arguments.delta", event_id: string, response_id: string, item_id: string, output_index: number, call_id: string, delta: string }} ResponseFunctionCallArgumentsDeltaMessage */

/** @typedef {{ type: "response.function_call_arguments.done", event_id: string, response_id: string, item_id: string, output_index: number, call_id: string, name: string, arguments: string }} ResponseFunctionCallArgumentsDoneMessage */

/** @typedef {{ name: string, limit: number, remaining: number, reset_seconds: number }} RateLimits */

/** @typedef {{ type: "rate_limits.updated", event_id: string, rate_limits: RateLimits[] }} RateLimitsUpdatedMessage */

/**
 * Made by the client, the last of `messages()`: the connection has ended.
 * @typedef {{ type: "connection.closed", event_id: string, code: number, reason: string }} ConnectionClosedMessage
 */

/**
 * `messages()` may also yield types newer than this list: give a `switch` over `type` a default that ignores them.
 * @typedef {ErrorMessage
 *   | SessionCreatedMessage
 *   | SessionUpdatedMessage
 *   | TranscriptionSessionCreatedMessage
 *   | TranscriptionSessionUpdatedMessage
 *   | InputAudioBufferCommittedMessage
 *   | InputAudioBufferClearedMessage
 *   | InputAudioBufferSpeechStartedMessage
 *   | InputAudioBufferSpeechStoppedMessage
 *   | ItemCreatedMessage
 *   | ItemTruncatedMessage
 *   | ItemDeletedMessage
 *   | ItemInputAudioTranscriptionDeltaMessage
 *   | ItemInputAudioTranscriptionCompletedMessage
 *   | ItemInputAudioTranscriptionFailedMessage
 *   | ResponseCreatedMessage
 *   | ResponseDoneMessage
 *   | ResponseOutputItemAddedMessage
 *   | ResponseOutputItemDoneMessage
 *   | ResponseContentPartAddedMessage
 *   | ResponseContentPartDoneMessage
 *   | ResponseTextDeltaMessage
 *   | ResponseTextDoneMessage
 *   | ResponseAudioTranscriptDeltaMessage
 *   | ResponseAudioTranscriptDoneMessage
 *   | ResponseAudioDeltaMessage
 *   | ResponseAudioDoneMessage
 *   | ResponseFunctionCallArgumentsDeltaMessage
 *   | ResponseFunctionCallArgumentsDoneMessage
 *   | RateLimitsUpdatedMessage
 *   | ConnectionClosedMessage} ServerMessageType
 */

export {};
