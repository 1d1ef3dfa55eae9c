// Where the time of each answer went, on the page's clock.

/** @import { Clock } from "./clock.js" */

/** In the order in which they are reached. */
export const STAGES = /** @type {const} */ (["decided", "words", "token", "audio", "heard"]);

/** @typedef {typeof STAGES[number]} Stage */

/**
 * @typedef {object} Turn
 * @property {string} responseId
 * @property {string | null} itemId what was answered
 * @property {string} said in words; empty while unknown
 * @property {number | undefined} start when speech ended or the message was sent
 * @property {Partial<Record<Stage, number>>} at ms after `start`
 */

/**
 * As the server tells it: of requests or tokens, how many it takes in the time it counts in.
 * @typedef {{ name: string, limit: number, remaining: number, reset_seconds: number }} RateLimit
 */

/** More than anyone looks at; the figures are of these. */
const MOST_TURNS = 500;

/** Audio sent by frames of 20 ms: two minutes of them, longer than any turn waits. */
const FRAMES = 6000;
const FRAME_MS = 20;

/** When each stretch of the microphone's audio was sent. */
export class SentAudio {
  #times = new Float64Array(FRAMES);
  #frames = 0;

  /** @param {number} at a frame was sent */
  sent(at) {
    this.#times[this.#frames % FRAMES] = at;
    this.#frames++;
  }

  /** ms of audio sent so far */
  get ms() {
    return this.#frames * FRAME_MS;
  }

  /**
   * @param {number} audioMs
   * @returns {number | undefined} when that moment of the audio was sent
   */
  timeOf(audioMs) {
    const frame = Math.min(Math.floor(audioMs / FRAME_MS), this.#frames - 1);
    return frame < 0 || frame < this.#frames - FRAMES ? undefined : this.#times[frame % FRAMES];
  }
}

export class Latency {
  /** @type {Turn[]} */
  turns = [];
  usage = { input: 0, output: 0 };
  /** @type {RateLimit[]} */
  limits = [];
  /** First audio of a response that was heard before its timings came. @type {Map<string, number>} */
  #heard = new Map();
  #onChange;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /**
   * @param {Record<string, any>} event `voxwire.turn_timings`
   * @param {Clock} clock
   * @param {{ sent: SentAudio, asked: number | undefined, said: string }} turn `asked`: when a message was sent
   */
  add(event, clock, { sent, asked, said }) {
    const speechEnd = event["audio_speech_end_ms"];
    const start = speechEnd === null ? asked : sent.timeOf(speechEnd);
    /** @type {Turn} */
    const turn = { responseId: event["response_id"], itemId: event["item_id"], said, start, at: {} };
    if (start !== undefined) {
      const stages = /** @type {const} */ ([
        ["decided", "turn_decided_ms"],
        ["words", "transcript_final_ms"],
        ["token", "first_token_ms"],
        ["audio", "first_audio_ms"],
      ]);
      for (const [stage, field] of stages) {
        const at = clock.toPage(event[field]);
        if (at !== undefined) turn.at[stage] = at - start;
      }
      const heard = this.#heard.get(turn.responseId);
      if (heard !== undefined) turn.at.heard = heard - start;
    }
    this.#heard.delete(turn.responseId);
    this.turns.push(turn);
    if (this.turns.length > MOST_TURNS) this.turns.shift();
    this.#onChange();
  }

  /**
   * @param {string} responseId
   * @param {number} at its first sound left the loudspeaker
   */
  heard(responseId, at) {
    const turn = this.turns.find((each) => each.responseId === responseId);
    if (!turn) {
      if (!this.#heard.has(responseId)) this.#heard.set(responseId, at);
    } else if (turn.start !== undefined && turn.at.heard === undefined) {
      turn.at.heard = at - turn.start;
      this.#onChange();
    }
  }

  /**
   * @param {string | null} itemId
   * @param {string} said its words, known only now
   */
  name(itemId, said) {
    for (const turn of this.turns) {
      if (turn.itemId === itemId && itemId !== null) turn.said = said;
    }
    this.#onChange();
  }

  /** @param {any} usage of `response.done` */
  use(usage) {
    this.usage.input += usage?.input_tokens ?? 0;
    this.usage.output += usage?.output_tokens ?? 0;
    this.#onChange();
  }

  /** @param {RateLimit[]} limits of `rate_limits.updated` */
  limit(limits) {
    this.limits = limits;
    this.#onChange();
  }
}

/**
 * How long each stage took: from the stage reached before it.
 * @param {Turn["at"]} at
 * @returns {Partial<Record<Stage, number>>}
 */
export function durations(at) {
  let before = 0;
  /** @type {Partial<Record<Stage, number>>} */
  const found = {};
  for (const stage of STAGES) {
    const reached = at[stage];
    if (reached === undefined) continue;
    // The clocks agree within half a round trip; what is less than that apart may seem to be in the wrong order.
    found[stage] = Math.max(0, reached - before);
    before = Math.max(before, reached);
  }
  return found;
}

/**
 * @param {number[]} values
 * @param {number} share 0.5 for the median
 * @returns {number | undefined} by the nearest rank; undefined of nothing
 */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
