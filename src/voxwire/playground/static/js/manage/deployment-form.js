// What the form of a deployment holds, and what of it the server is told.

/**
 * @typedef {{ name: string, options: Record<string, unknown>, otherwise?: Engine[] }} Engine
 * @typedef {{ type: string, threshold?: number | null, silence_duration_ms?: number | null, eagerness?: string }} Turns
 * @typedef {"concurrent_sessions" | "requests_per_minute" | "tokens_per_minute" | "audio_seconds_per_day"} LimitName
 */

/**
 * A deployment as the server tells it.
 * @typedef {object} StoredDeployment
 * @property {string} name
 * @property {"settings" | "store"} source
 * @property {"ready" | "starting" | "failing" | "disabled"} status
 * @property {string | null} failed
 * @property {string | null} why
 * @property {string | null} label
 * @property {boolean} hides_stored
 * @property {string | null} etag
 * @property {number | null} created_at
 * @property {string | null} created_by
 * @property {string | null} profile
 * @property {string | null} model
 * @property {Engine | null} stt
 * @property {Engine | null} llm
 * @property {Engine | null} tts
 * @property {string} instructions
 * @property {string | null} voice
 * @property {Turns | null} turn_detection
 * @property {string | null} region
 * @property {string | null} content_policy
 * @property {"none" | "text" | "text+audio"} store
 * @property {number} retention_days
 * @property {Partial<Record<LimitName, number | null>>} limits
 * @property {boolean} enabled
 */

/**
 * What a deployment can be made of.
 * @typedef {object} Model
 * @property {string} id
 * @property {"profile" | "catalogue" | "engine"} source
 * @property {string} kind
 * @property {string | null} version
 * @property {string | null} about
 * @property {string[]} engines
 * @property {string[]} languages
 * @property {string[]} voices
 * @property {string | null} licence
 * @property {number | null} bytes
 * @property {"here" | "at an address"} runs
 * @property {boolean | null} ready
 * @property {string | null} why
 */

/** @type {readonly LimitName[]} */
export const LIMITS = ["concurrent_sessions", "requests_per_minute", "tokens_per_minute", "audio_seconds_per_day"];

/** The kinds of engines that may be chosen one by one. */
export const KINDS = /** @type {const} */ (["llm", "stt", "tts"]);

/** In a choice of engines: that of the profile; one at an address; the one that is there and has no name here. */
export const OF_PROFILE = "";
export const ADDRESS = "address";
export const AS_IT_IS = "as it is";

/**
 * Which choice an engine is.
 * @param {Engine | null | undefined} engine
 * @param {Model[]} models of its kind
 * @param {string} kind
 */
export function choiceOf(engine, models, kind) {
  if (!engine) return OF_PROFILE;
  const { base_url: address, model, ...others } = engine.options;
  const plain = Object.keys(others).length === 0 && !engine.otherwise?.length;
  if (kind === "llm" && engine.name === "chat" && address && plain) return ADDRESS;
  if (!plain || address) return AS_IT_IS;
  const found = models.find((one) =>
    one.source === "engine" ? model === undefined && one.id === `${kind}.${engine.name}` : one.id === model && one.engines.includes(engine.name),
  );
  return found?.id ?? AS_IT_IS;
}

/**
 * The engine that a choice means; undefined for the one that is there.
 * @param {string} choice
 * @param {Model[]} models of its kind
 * @param {FormData} data
 * @returns {object | null | undefined}
 */
function engineOf(choice, models, data) {
  if (choice === AS_IT_IS) return undefined;
  if (choice === OF_PROFILE) return null;
  if (choice === ADDRESS) {
    const model = textOf(data, "llm.model");
    return { name: "chat", options: { base_url: textOf(data, "llm.base_url") ?? "", ...(model ? { model } : {}) } };
  }
  const found = models.find(({ id }) => id === choice);
  if (found?.source === "catalogue") return { name: found.engines[0], options: { model: choice } };
  return { name: choice.slice(choice.indexOf(".") + 1), options: {} };
}

/**
 * Everything that the form says, as the server has it. What is left out of it keeps its value.
 * @param {FormData} data
 * @param {Model[]} models
 * @returns {Record<string, unknown>}
 */
export function settingsOf(data, models) {
  /** @type {Record<string, unknown>} */
  const settings = {
    profile: textOf(data, "profile"),
    instructions: String(data.get("instructions") ?? ""),
    voice: textOf(data, "voice"),
    turn_detection: turnsOf(data),
    region: textOf(data, "region"),
    content_policy: textOf(data, "content_policy"),
    store: data.get("store"),
    retention_days: numberOf(data, "retention_days") ?? 30,
    limits: Object.fromEntries(LIMITS.map((name) => [name, numberOf(data, `limits.${name}`)])),
    enabled: data.get("enabled") !== null,
  };
  for (const kind of KINDS) {
    const engine = engineOf(String(data.get(kind) ?? OF_PROFILE), models.filter((one) => one.kind === kind), data);
    if (engine !== undefined) settings[kind] = engine;
  }
  return settings;
}

/**
 * What differs, for a change; or what is said at all, for a new one.
 * @param {Record<string, unknown>} before
 * @param {Record<string, unknown>} after
 */
export function differences(before, after) {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])));
}

/** @param {FormData} data @returns {object | null} */
function turnsOf(data) {
  const type = textOf(data, "turn_detection.type");
  if (type === null) return null;
  if (type === "semantic_vad") return { type, eagerness: data.get("turn_detection.eagerness") };
  if (type === "none") return { type };
  return {
    type,
    threshold: numberOf(data, "turn_detection.threshold"),
    silence_duration_ms: numberOf(data, "turn_detection.silence_duration_ms"),
  };
}

/** @param {FormData} data @param {string} name @returns {string | null} */
function textOf(data, name) {
  return String(data.get(name) ?? "").trim() || null;
}

/** @param {FormData} data @param {string} name @returns {number | null} */
function numberOf(data, name) {
  const text = textOf(data, name);
  return text === null ? null : Number(text);
}
