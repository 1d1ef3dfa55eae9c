// Values that messages of both directions share. Types only: nothing of this file remains at run time.

/** @typedef {"alloy" | "ash" | "ballad" | "coral" | "echo" | "sage" | "shimmer" | "verse" | "marin" | "cedar" | (string & {})} Voice */

/**
 * Mono audio: 16-bit little-endian PCM at 24,000 Hz, or G.711 at 8,000 Hz in either spelling.
 * @typedef {"pcm16" | "g711-ulaw" | "g711-alaw" | "g711_ulaw" | "g711_alaw"} AudioFormat
 */

/** @typedef {"text" | "audio"} Modality */

/** @typedef {"system" | "user" | "assistant"} MessageRole */

/** @typedef {"auto" | "none" | "required" | FunctionToolChoice} ToolChoice */

/** @typedef {{ type: "function", function: string }} FunctionToolChoice */

/**
 * A function the model may call; `parameters` is a JSON schema.
 * @typedef {{ type: "function", name: string, description?: string, parameters?: unknown }} FunctionDefinition
 */

/** @typedef {FunctionDefinition[]} ToolsDefinition */

/** @typedef {number | "inf"} MaxTokensType */

/** @typedef {{ model?: string, language?: string, prompt?: string }} InputAudioTranscription */

/**
 * Silence ends a turn. Times in milliseconds, threshold from 0 to 1.
 * @typedef {object} ServerVAD
 * @property {"server_vad"} type
 * @property {number} [threshold]
 * @property {number} [prefix_padding_ms]
 * @property {number} [silence_duration_ms]
 * @property {boolean} [create_response] from 2024-12-17 on
 * @property {boolean} [interrupt_response] from 2024-12-17 on
 */

/**
 * What was said ends a turn; from 2025-04-01 on.
 * @typedef {object} SemanticVAD
 * @property {"semantic_vad"} type
 * @property {"low" | "medium" | "high" | "auto"} [eagerness]
 * @property {boolean} [create_response]
 * @property {boolean} [interrupt_response]
 */

/**
 * `null`: the program commits the audio and asks for responses itself.
 * @typedef {ServerVAD | SemanticVAD | null} TurnDetection
 */

export {};
