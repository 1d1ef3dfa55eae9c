import { asFields, getPath, setPath } from "./fields.js";

/** @import { Fields } from "./fields.js" */

/**
 * Where a flat setting of the preview lies in GA's nested objects, and how values translate (protocol: dialects).
 * @typedef {object} Setting
 * @property {string} flat
 * @property {readonly string[]} nested
 * @property {(value: any) => unknown} [out] preview to GA
 * @property {(value: any) => unknown} [back] GA to preview
 */

/** @type {readonly Setting[]} */
const INPUT = [
  { flat: "input_audio_format", nested: ["audio", "input", "format"], out: formatObject, back: formatName },
  { flat: "input_audio_transcription", nested: ["audio", "input", "transcription"], out: withModel },
  { flat: "input_audio_noise_reduction", nested: ["audio", "input", "noise_reduction"] },
  { flat: "turn_detection", nested: ["audio", "input", "turn_detection"], out: noneAsNull },
];

/** @type {readonly Setting[]} */
const OUTPUT = [
  { flat: "modalities", nested: ["output_modalities"], out: outputModalities, back: modalities },
  { flat: "voice", nested: ["audio", "output", "voice"], back: voiceName },
  { flat: "output_audio_format", nested: ["audio", "output", "format"], out: formatObject, back: formatName },
  { flat: "tool_choice", nested: ["tool_choice"], out: namedToolChoice, back: functionToolChoice },
];

/** @type {readonly Setting[]} */
const SESSION = [
  ...INPUT,
  ...OUTPUT,
  { flat: "speed", nested: ["audio", "output", "speed"] },
  { flat: "max_response_output_tokens", nested: ["max_output_tokens"] },
];

/** What GA no longer has, but readers of a preview session count on. */
const SESSION_DEFAULTS = {
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

/**
 * @param {object} session flat
 * @returns {Fields}
 */
export function nestedSession(session) {
  return nest({ ...session, type: "realtime" }, SESSION);
}

/**
 * @param {object} session flat
 * @returns {Fields}
 */
export function nestedTranscriptionSession(session) {
  return nest({ ...session, type: "transcription" }, INPUT);
}

/**
 * @param {object} response settings of a `response.create`
 * @returns {Fields}
 */
export function nestedResponse(response) {
  return nest({ ...response }, [...OUTPUT, { flat: "max_response_output_tokens", nested: ["max_output_tokens"] }]);
}

/**
 * @param {Fields} session nested
 * @returns {Fields}
 */
export function flatSession({ type, ...session }) {
  if (type === "transcription") return flatten(session, INPUT);
  return { ...SESSION_DEFAULTS, ...flatten(session, SESSION) };
}

/**
 * @param {Fields} response nested
 * @returns {Fields}
 */
export function flatResponse(response) {
  const flat = flatten(response, OUTPUT);
  // The preview has no details of what went well.
  if (asFields(flat["status_details"])?.["type"] === "completed") flat["status_details"] = null;
  return flat;
}

/**
 * @param {Fields} flat
 * @param {readonly Setting[]} settings
 * @returns {Fields} in which what is in no table stays where it was
 */
function nest(flat, settings) {
  const { temperature, ...nested } = flat;
  for (const { flat: name, nested: path, out } of settings) {
    const value = flat[name];
    if (name !== path[0]) delete nested[name];
    if (value !== undefined) setPath(nested, path, out ? out(value) : value);
  }
  return nested;
}

/**
 * @param {Fields} nested
 * @param {readonly Setting[]} settings
 * @returns {Fields}
 */
function flatten(nested, settings) {
  const { audio, ...flat } = nested;
  for (const { flat: name, nested: path, back } of settings) {
    const value = getPath(nested, path);
    if (path.length === 1 && name !== path[0]) delete flat[String(path[0])];
    if (value !== undefined) flat[name] = back ? back(value) : value;
  }
  return flat;
}

/** @param {string} name the preview's, in either spelling */
function formatObject(name) {
  switch (name) {
    case "pcm16":
      return { type: "audio/pcm", rate: 24_000 };
    case "g711_ulaw":
    case "g711-ulaw":
      return { type: "audio/pcmu" };
    case "g711_alaw":
    case "g711-alaw":
      return { type: "audio/pcma" };
    default:
      return name; // For the service to refuse by name.
  }
}

/** @param {unknown} format */
function formatName(format) {
  switch (asFields(format)?.["type"]) {
    case "audio/pcmu":
      return "g711-ulaw";
    case "audio/pcma":
      return "g711-alaw";
    default:
      return "pcm16";
  }
}

/** @param {string[]} names GA gives speech with its transcript, or text, never both apart */
function outputModalities(names) {
  return names.includes("audio") ? ["audio"] : names;
}

/** @param {string[]} names */
function modalities(names) {
  return names.includes("audio") ? ["audio", "text"] : names;
}

/** @param {unknown} transcription the preview had but one model, so programs need not name it */
function withModel(transcription) {
  const fields = asFields(transcription);
  return fields ? { model: "whisper-1", ...fields } : transcription;
}

/** @param {unknown} detection */
function noneAsNull(detection) {
  return asFields(detection)?.["type"] === "none" ? null : detection;
}

/** @param {unknown} voice GA also has voices of one's own, `{id}` */
function voiceName(voice) {
  return asFields(voice)?.["id"] ?? voice;
}

/** @param {unknown} choice the preview names its function as `function: "f"` or `function: {name: "f"}` */
function namedToolChoice(choice) {
  const named = asFields(choice)?.["function"];
  return named === undefined ? choice : { type: "function", name: asFields(named)?.["name"] ?? named };
}

/** @param {unknown} choice */
function functionToolChoice(choice) {
  const fields = asFields(choice);
  return fields?.["type"] === "function" ? { type: "function", function: fields["name"] } : choice;
}
