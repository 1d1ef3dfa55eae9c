// Microphone and loudspeaker of the page, and a tape of what the microphone heard last.

import { listMicrophones, Microphone, Player } from "../rt-client/audio/index.js";
import { SentAudio } from "./latency.js";

/**
 * @import { Cut, Part } from "../rt-client/audio/index.js"
 */

const FRAME_MS = 20;
const FRAME_BYTES = 960;

/** What the tape holds: longer than any turn. */
const TAPE_FRAMES = (2 * 60 * 1000) / FRAME_MS;

/**
 * @typedef {object} VoiceListener
 * @property {(frame: Uint8Array<ArrayBuffer>) => void} onFrame 20 ms to be sent
 * @property {() => void} onMicrophoneEnded
 * @property {(part: Part, heardAt: number) => void} onHeard a part begins to sound
 * @property {() => void} onSounding something began or ceased to sound
 */

export class Voice {
  sent = new SentAudio();
  /** While false, frames are only shown, not sent. */
  sending = true;
  /** @type {Microphone | undefined} */
  #microphone;
  /** @type {Player | undefined} */
  #player;
  /** @type {Uint8Array[]} */
  #tape = [];
  #taped = 0;
  #muted = false;
  #listener;

  /** @param {VoiceListener} listener */
  constructor(listener) {
    this.#listener = listener;
  }

  /** A new connection: its audio begins at zero. */
  restart() {
    this.sent = new SentAudio();
    this.#tape = [];
    this.#taped = 0;
  }

  /** Be ready to sound. Call it from a click. @returns {Promise<void>} rejects with `AudioError` */
  async openPlayer() {
    if (this.#player) return this.#player.resume();
    this.#player = await Player.open({
      onStarted: ({ part, heardAt }) => {
        this.#listener.onHeard(part, heardAt);
        this.#listener.onSounding();
      },
      onProgress: () => this.#listener.onSounding(),
      onFinished: () => this.#listener.onSounding(),
    });
  }

  /**
   * @param {string} deviceId empty: the browser's choice
   * @returns {Promise<void>} rejects with `AudioError`
   */
  async openMicrophone(deviceId) {
    await this.closeMicrophone();
    this.#microphone = await Microphone.open({
      deviceId: deviceId || undefined,
      onFrame: (frame) => this.#hear(frame),
      onEnded: () => this.#listener.onMicrophoneEnded(),
    });
    this.#microphone.muted = this.#muted;
  }

  async closeMicrophone() {
    const microphone = this.#microphone;
    this.#microphone = undefined;
    await microphone?.close();
  }

  get listening() {
    return this.#microphone !== undefined;
  }

  get sounding() {
    return this.#player?.playing ?? false;
  }

  get muted() {
    return this.#muted;
  }

  set muted(muted) {
    this.#muted = muted;
    if (this.#microphone) this.#microphone.muted = muted;
  }

  /** Root mean squares, 0 to 1. */
  get levels() {
    return { you: this.#microphone?.level ?? 0, voice: this.#player?.level ?? 0 };
  }

  /** Everything that sounds passes through it. */
  get output() {
    return this.#player?.output;
  }

  /**
   * @param {Uint8Array} pcm
   * @param {Part} part
   */
  play(pcm, part) {
    this.#player?.play(pcm, part);
  }

  /** @param {Part} part */
  finish(part) {
    this.#player?.finish(part);
  }

  /** @returns {Promise<Cut[]>} how far each part was heard that is silent now */
  async hush() {
    return (await this.#player?.clear()) ?? [];
  }

  /**
   * @param {number} fromMs of the audio sent
   * @param {number} toMs
   * @returns {Uint8Array} what of it is still on the tape
   */
  recorded(fromMs, toMs) {
    const oldest = this.#taped - this.#tape.length;
    const from = Math.max(0, Math.floor(fromMs / FRAME_MS) - oldest);
    const frames = this.#tape.slice(from, Math.max(from, Math.ceil(toMs / FRAME_MS) - oldest));
    const whole = new Uint8Array(frames.length * FRAME_BYTES);
    frames.forEach((frame, i) => whole.set(frame, i * FRAME_BYTES));
    return whole;
  }

  /** @param {Uint8Array<ArrayBuffer>} frame */
  #hear(frame) {
    if (!this.sending) return;
    this.sent.sent(performance.now());
    this.#tape.push(frame);
    this.#taped++;
    if (this.#tape.length > TAPE_FRAMES) this.#tape.splice(0, TAPE_FRAMES / 10);
    this.#listener.onFrame(frame);
  }
}

export { listMicrophones };
