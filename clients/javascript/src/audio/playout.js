import { SampleRing } from "./sample-ring.js";

/**
 * The audio of one content part of one item: what `conversation.item.truncate` names.
 * @typedef {object} Part
 * @property {string} itemId
 * @property {number} contentIndex
 */

/**
 * Where a part stopped being heard: `playedMs` is the `audio_end_ms` of `conversation.item.truncate`.
 * @typedef {Part & { playedMs: number }} Cut
 */

/**
 * @typedef {object} PlayoutOptions
 * @property {number} sampleRate
 * @property {number} prefillMs silence before a talk spurt, in which audio gathers against a late network
 * @property {number} maxQueuedMs beyond it what comes is lost
 * @property {number} [maxLatencyMs] beyond it the oldest is skipped; without it, nothing is
 */

/**
 * - `started`: the next sample out is the first of the part, or the first after the part ran dry
 * - `progress`: about ten times a second while something is played
 * - `finished`: the last sample of the part is out, and no more will come
 * - `starved`: the part ran dry, and more is to come
 * @typedef {object} PlayoutReport
 * @property {"started" | "progress" | "finished" | "starved"} type
 * @property {Part} part
 * @property {number} playedMs how far into the part; what was skipped counts
 * @property {number} queuedMs what is waiting, of all parts
 * @property {number} lostMs lost since the beginning for want of room
 * @property {number} skippedMs skipped since the beginning to keep up
 */

/**
 * What the player knows of a part.
 * @typedef {object} Track
 * @property {Part} part
 * @property {number} queued samples in the ring
 * @property {number} played samples that left it
 * @property {boolean} finished no more will come
 */

/** Answers up to this need no memory that is not there yet. */
const INITIAL_CAPACITY_MS = 30_000;

/** Time between two reports of progress. */
const REPORT_INTERVAL_MS = 100;

/** A sound that is cut fades for as long, so that it does not click. */
const FADE_MS = 4;

/** How many parts that were cut are remembered, should more of their audio come. There is one at a time. */
const MAX_CUT_PARTS = 100;

/**
 * What is to be played, which part of it belongs to what, and how far each was played. It knows no clock: time is
 * samples pulled. A talk spurt begins when `prefillMs` are there, or were waited for, or no more will come.
 */
export class Playout {
  #samplesPerMs;
  #prefill;
  #maxLatency;
  #report;
  #ring;
  /** In the order of their audio; the first is being played. @type {Track[]} */
  #tracks = [];
  /** Of what was cut no more is wanted. @type {Set<string>} */
  #cut = new Set();
  /** @type {"idle" | "filling" | "playing"} */
  #state = "idle";
  #waited = 0;
  #sinceReport = 0;
  #lost = 0;
  #skipped = 0;
  /** What fades out, and how much of it did. */
  #fade;
  #faded;

  /**
   * @param {PlayoutOptions} options
   * @param {(report: PlayoutReport) => void} report
   */
  constructor({ sampleRate, prefillMs, maxQueuedMs, maxLatencyMs = Infinity }, report) {
    this.#samplesPerMs = sampleRate / 1000;
    this.#prefill = prefillMs * this.#samplesPerMs;
    this.#maxLatency = maxLatencyMs * this.#samplesPerMs;
    this.#ring = new SampleRing(this.#samples(INITIAL_CAPACITY_MS), this.#samples(maxQueuedMs));
    this.#fade = new Float32Array(this.#samples(FADE_MS));
    this.#faded = this.#fade.length;
    this.#report = report;
  }

  /**
   * @param {Part} part nothing happens if it was cut
   * @param {Float32Array} samples
   */
  push(part, samples) {
    if (this.#cut.has(keyOf(part)) || samples.length === 0) return;
    const taken = this.#ring.push(samples);
    this.#lost += samples.length - taken;
    this.#trackOf(part).queued += taken;
    if (this.#ring.length > this.#maxLatency) this.#skip(this.#ring.length - this.#prefill);
    if (this.#state === "idle" && this.#ring.length > 0) {
      this.#state = "filling";
      this.#waited = 0;
    }
  }

  /** @param {Part} part of which no more will come */
  finish(part) {
    this.#cut.delete(keyOf(part));
    const track = this.#find(part);
    if (!track) return;
    track.finished = true;
    this.#retire();
  }

  /**
   * Be silent at once, and refuse more of what was cut.
   * @returns {Cut[]} every part that was not heard to its end, in order; those that nobody began to hear, too
   */
  clear() {
    this.#startFade();
    const cuts = this.#tracks.map((track) => ({ ...track.part, playedMs: this.#milliseconds(track.played) }));
    for (const { part, finished } of this.#tracks) {
      if (!finished) this.#cut.add(keyOf(part));
    }
    for (const key of [...this.#cut].slice(0, -MAX_CUT_PARTS)) this.#cut.delete(key);
    this.#tracks = [];
    this.#ring.clear();
    this.#state = "idle";
    return cuts;
  }

  /** @param {Float32Array} output is filled: with silence where there is nothing to play */
  pull(output) {
    output.fill(0);
    this.#pullFade(output);
    if (this.#state === "filling" && this.#isFilled()) {
      this.#state = "playing";
      this.#sinceReport = 0;
      this.#tell("started");
    }
    if (this.#state === "filling") this.#waited += output.length;
    if (this.#state !== "playing") return;
    const count = this.#ring.pull(output);
    this.#advance(count);
    this.#sinceReport += count;
    if (this.#sinceReport >= this.#samples(REPORT_INTERVAL_MS)) {
      this.#sinceReport = 0;
      if (this.#tracks.length > 0) this.#tell("progress");
    }
    if (count < output.length || this.#tracks.length === 0) this.#runDry();
  }

  #isFilled() {
    return (
      this.#ring.length >= this.#prefill ||
      this.#waited >= this.#prefill ||
      this.#tracks.every((track) => track.finished)
    );
  }

  #runDry() {
    this.#state = "idle";
    if (this.#tracks.length > 0) this.#tell("starved");
  }

  /**
   * Drop the oldest, as if it had been played.
   * @param {number} count
   */
  #skip(count) {
    const skipped = Math.floor(count);
    this.#ring.drop(skipped);
    this.#skipped += skipped;
    this.#advance(skipped);
  }

  /** @param {number} count samples that left the ring */
  #advance(count) {
    let rest = count;
    for (const track of this.#tracks) {
      const ofTrack = Math.min(rest, track.queued);
      track.queued -= ofTrack;
      track.played += ofTrack;
      rest -= ofTrack;
    }
    this.#retire();
  }

  /** Leave tracks that are over: played, and finished or followed by another. */
  #retire() {
    for (;;) {
      const [first, second] = this.#tracks;
      if (!first || first.queued > 0 || !(first.finished || second)) return;
      this.#tell("finished");
      this.#tracks.shift();
      if (second && this.#state === "playing") this.#tell("started");
    }
  }

  /** @param {PlayoutReport["type"]} type of the part that is being played */
  #tell(type) {
    const track = /** @type {Track} */ (this.#tracks[0]);
    this.#report({
      type,
      part: track.part,
      playedMs: this.#milliseconds(track.played),
      queuedMs: this.#milliseconds(this.#ring.length),
      lostMs: this.#milliseconds(this.#lost),
      skippedMs: this.#milliseconds(this.#skipped),
    });
  }

  /** @param {Part} part */
  #find(part) {
    return this.#tracks.find((track) => keyOf(track.part) === keyOf(part));
  }

  /**
   * The audio of a part is in one piece, so what comes belongs to the last track or to a new one.
   * @param {Part} part
   */
  #trackOf({ itemId, contentIndex }) {
    const part = { itemId, contentIndex };
    const last = this.#tracks.at(-1);
    if (last && keyOf(last.part) === keyOf(part)) return last;
    const track = { part, queued: 0, played: 0, finished: false };
    this.#tracks.push(track);
    return track;
  }

  #startFade() {
    if (this.#state !== "playing") return;
    this.#fade.fill(0);
    this.#ring.pull(this.#fade);
    for (let i = 0; i < this.#fade.length; i++) {
      this.#fade[i] = /** @type {number} */ (this.#fade[i]) * (1 - (i + 1) / this.#fade.length);
    }
    this.#faded = 0;
  }

  /** @param {Float32Array} output */
  #pullFade(output) {
    const piece = this.#fade.subarray(this.#faded, this.#faded + output.length);
    output.set(piece);
    this.#faded += piece.length;
  }

  /** @param {number} milliseconds */
  #samples(milliseconds) {
    return Math.round(milliseconds * this.#samplesPerMs);
  }

  /** @param {number} samples rounded down: a cut beyond the end of the audio is refused by services */
  #milliseconds(samples) {
    return Math.floor(samples / this.#samplesPerMs);
  }
}

/** @param {Part} part */
function keyOf({ itemId, contentIndex }) {
  return `${contentIndex} ${itemId}`;
}
