// Every event of the connection, both ways: the last 5,000.

/** @import { Message } from "./wire.js" */

/**
 * @typedef {object} LogEntry
 * @property {number} number from 1; never used twice
 * @property {"in" | "out"} direction
 * @property {string} type
 * @property {number} at ms since the page began
 * @property {Message} event without its audio, which is replaced by how much it was
 * @property {number} count how many events of the kind came in a row: pieces of audio are one entry
 */

export const MOST_EVENTS = 5000;

/** Events that are little but audio, fifty a second. */
const AUDIO_TYPES = new Set(["input_audio_buffer.append", "response.audio.delta", "response.output_audio.delta"]);

/** Texts longer than this in a field for audio are audio. */
const SHORT = 64;

export class EventLog {
  /** @type {LogEntry[]} */
  entries = [];
  #numbers = 0;
  #onChange;

  /** @param {(entry: LogEntry, added: boolean) => void} onChange an entry was added, or counts one more */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /**
   * @param {"in" | "out"} direction
   * @param {Message} event
   * @param {number} at
   */
  add(direction, event, at) {
    const last = this.entries.at(-1);
    if (last && isAudio(event.type) && last.type === event.type) {
      last.count++;
      this.#onChange(last, false);
      return;
    }
    this.#numbers++;
    const entry = { number: this.#numbers, direction, type: event.type, at, event: withoutAudio(event), count: 1 };
    this.entries.push(entry);
    if (this.entries.length > MOST_EVENTS) this.entries.shift();
    this.#onChange(entry, true);
  }

  clear() {
    this.entries = [];
  }
}

/** @param {string} type */
function isAudio(type) {
  return AUDIO_TYPES.has(type);
}

/**
 * @template T
 * @param {T} value
 * @returns {T} the same, where there is no audio in it
 */
function withoutAudio(value) {
  return JSON.parse(JSON.stringify(value), function (name, inner) {
    if ((name === "audio" || (name === "delta" && isAudio(this.type))) && typeof inner === "string" && inner.length > SHORT) {
      return `… ${inner.length} characters of base64`;
    }
    return inner;
  });
}

/**
 * @typedef {object} EventFilter
 * @property {"all" | "in" | "out" | "errors"} show
 * @property {string} search in lower case
 * @property {boolean} audio
 */

/**
 * @param {LogEntry} entry
 * @param {EventFilter} filter
 */
export function matches(entry, { show, search, audio }) {
  if (!audio && isAudio(entry.type)) return false;
  if ((show === "in" || show === "out") && entry.direction !== show) return false;
  if (show === "errors" && !isError(entry)) return false;
  return search === "" || JSON.stringify(entry.event).toLowerCase().includes(search);
}

/** @param {LogEntry} entry */
export function isError({ type, event }) {
  return type === "error" || type.endsWith(".failed") || event["response"]?.status === "failed";
}
