// What a person can set, and what of it the session is told.

/**
 * @typedef {object} Settings
 * @property {string} deployment
 * @property {string} key empty: none
 * @property {"ga" | "preview"} dialect
 * @property {string} instructions
 * @property {string} context
 * @property {"audio" | "text"} modality
 * @property {string} voice
 * @property {number} speed
 * @property {number} temperature
 * @property {"vad" | "none"} turns
 * @property {number} threshold
 * @property {number} silence ms
 * @property {number} padding ms
 * @property {number | null} idle ms; null: never
 * @property {boolean} transcribe
 * @property {string} tools JSON text, as typed
 * @property {Record<string, string>} stubs answers by the name of the function
 * @property {string} microphone deviceId; empty: the browser's choice
 */

/** @type {Readonly<Settings>} */
export const DEFAULTS = {
  deployment: "",
  key: "",
  dialect: "ga",
  instructions: "",
  context: "",
  modality: "audio",
  voice: "alloy",
  speed: 1,
  temperature: 0.8,
  turns: "vad",
  threshold: 0.5,
  silence: 500,
  padding: 300,
  idle: null,
  transcribe: true,
  tools: "",
  stubs: {},
  microphone: "",
};

export const VOICES = ["alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse"];

const STORE = "voxwire.playground";

/** What later versions and other hands may have left is taken only where it is of the right type. @returns {Settings} */
export function loadSettings() {
  /** @type {Record<string, unknown>} */
  const settings = { ...DEFAULTS, stubs: {} };
  for (const [name, value] of Object.entries(stored())) {
    if (!Object.hasOwn(DEFAULTS, name)) continue;
    const initial = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (DEFAULTS))[name];
    if (name === "idle" ? value === null || typeof value === "number" : typeof value === typeof initial) {
      settings[name] = value;
    }
  }
  return /** @type {Settings} */ (/** @type {unknown} */ (settings));
}

/** @returns {object} */
function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    return typeof found === "object" && found !== null ? found : {};
  } catch {
    return {}; // Unreadable, or storage is forbidden: start afresh.
  }
}

/**
 * The key is kept for as long as the tab is open, not longer.
 * @param {Settings} settings
 */
export function saveSettings({ key, ...settings }) {
  try {
    localStorage.setItem(STORE, JSON.stringify(settings));
  } catch {
    // Storage is forbidden or full: the settings hold until the page is left.
  }
  saveKey(key);
}

/** @param {string} key */
export function saveKey(key) {
  try {
    sessionStorage.setItem(`${STORE}.key`, key);
  } catch {
    // The same: it holds until the page is left.
  }
}

/** @returns {string} */
export function loadKey() {
  try {
    return sessionStorage.getItem(`${STORE}.key`) ?? "";
  } catch {
    return "";
  }
}

/**
 * The session as `session.update` of the preview has it; rt-client translates for GA.
 * @param {Settings} settings
 * @param {object[]} tools
 * @returns {Record<string, unknown>}
 */
export function sessionOf(settings, tools) {
  return {
    instructions: [settings.instructions, settings.context].filter((text) => text.trim()).join("\n\n"),
    modalities: settings.modality === "audio" ? ["audio", "text"] : ["text"],
    voice: settings.voice,
    speed: settings.speed,
    ...(settings.dialect === "preview" ? { temperature: settings.temperature } : {}),
    input_audio_transcription: settings.transcribe ? { model: "whisper-1" } : null,
    turn_detection: settings.turns === "vad" ? detectionOf(settings) : null,
    tools,
    include: ["voxwire.turn_timings", "voxwire.transcription_deltas"],
  };
}

/** @param {Settings} settings */
function detectionOf({ dialect, threshold, padding, silence, idle }) {
  const detection = {
    type: "server_vad",
    threshold,
    prefix_padding_ms: padding,
    silence_duration_ms: silence,
  };
  return dialect === "ga" && idle !== null ? { ...detection, idle_timeout_ms: idle } : detection;
}

/**
 * @param {Record<string, unknown>} before
 * @param {Record<string, unknown>} after
 * @returns {Record<string, unknown> | undefined} the fields that differ; undefined if none does
 */
export function changesOf(before, after) {
  const changes = Object.entries(after).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]),
  );
  return changes.length > 0 ? Object.fromEntries(changes) : undefined;
}
