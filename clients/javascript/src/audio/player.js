import { loadWorklet, openSpeechContext } from "./context.js";
import { heardAt } from "./output-clock.js";
import { levelOf, SAMPLE_RATE, samplesFromPcm16 } from "./pcm.js";
import { Resampler } from "./resampler.js";

/**
 * @import { PlaybackCommand, PlaybackMessage } from "./playback-worklet.js"
 * @import { Cut, Part, PlayoutReport } from "./playout.js"
 */

/**
 * @typedef {object} PlayerStart
 * @property {Part} part
 * @property {number} heardAt when its first sample leaves the loudspeaker, on the clock of `performance.now()`; in Firefox
 *   on Linux, when it goes to the device
 */

/**
 * @typedef {object} PlayerProgress
 * @property {Part} part
 * @property {number} playedMs how far into the part
 * @property {number} queuedMs what is waiting, of all parts
 * @property {number} lostMs of all parts, since the beginning: there was more than `maxQueuedMs`
 * @property {number} skippedMs of all parts, since the beginning: to stay within `maxLatencyMs`
 */

/**
 * @typedef {object} PlayerOptions
 * @property {number} [prefillMs] silence before a talk spurt, in which audio gathers against a late network; 50
 * @property {number} [maxQueuedMs] audio that may wait; what comes beyond is lost. 300,000, more than the longest
 *   answer; services send much faster than anyone listens
 * @property {number} [maxLatencyMs] for live sources, whose clock is another: beyond it the oldest is skipped. Without
 *   it nothing is, as services send ahead
 * @property {(start: PlayerStart) => void} [onStarted] a part begins to sound, or sounds again after it ran dry
 * @property {(progress: PlayerProgress) => void} [onProgress] about ten times a second while something sounds
 * @property {(part: Part) => void} [onFinished] a part was heard to its end
 */

/** What of a page's answers is heard, in what order, and how far. */
export class Player {
  /** Everything that sounds passes through it: connect analysers, recorders or tests. @type {AudioNode} @readonly */
  output;
  #context;
  #node;
  #gain;
  #analyser;
  #samples;
  #resampler;
  #options;
  /** @type {Map<number, (cuts: Cut[]) => void>} */
  #clearing = new Map();
  #clears = 0;
  #playing = false;
  /** @type {Promise<void> | undefined} */
  #closing;

  /**
   * Call it from a click: browsers let no page sound uninvited.
   * @param {PlayerOptions} [options]
   * @returns {Promise<Player>} rejects with `AudioError` if the browser cannot
   */
  static async open(options = {}) {
    const context = openSpeechContext();
    try {
      await loadWorklet(context, new URL("./playback-worklet.js", import.meta.url));
      const player = new Player(context, options);
      // Not awaited: without a click it lasts until there is one.
      void player.resume();
      return player;
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  /**
   * `Player.open` makes them.
   * @param {AudioContext} context that knows the worklet
   * @param {PlayerOptions} options
   */
  constructor(context, options) {
    const { prefillMs = 50, maxQueuedMs = 300_000, maxLatencyMs } = options;
    this.#context = context;
    this.#options = options;
    this.#resampler = context.sampleRate === SAMPLE_RATE ? undefined : new Resampler(SAMPLE_RATE, context.sampleRate);
    this.#node = new AudioWorkletNode(context, "rt-client-playback", {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions: { prefillMs, maxQueuedMs, maxLatencyMs },
    });
    this.#node.port.onmessage = ({ data }) => this.#receive(data);
    this.#gain = context.createGain();
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = 1024; // 43 ms
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#node.connect(this.#gain).connect(this.#analyser);
    this.#gain.connect(context.destination);
    this.output = this.#gain;
  }

  /**
   * @param {Uint8Array} pcm PCM16, mono, 24 kHz; any number of whole samples
   * @param {Part} part what it belongs to; audio of a part that was cut is ignored
   * @throws {RangeError} if half a sample is missing
   */
  play(pcm, { itemId, contentIndex }) {
    const decoded = samplesFromPcm16(pcm);
    const samples = this.#resampler?.process(decoded).slice() ?? decoded;
    this.#send({ type: "play", part: { itemId, contentIndex }, samples }, [samples.buffer]);
  }

  /** @param {Part} part of which no more will come: tell it, or `clear` will think that it was cut */
  finish({ itemId, contentIndex }) {
    this.#send({ type: "finish", part: { itemId, contentIndex } });
  }

  /**
   * Be silent at once, and ignore what is still to come of what was cut.
   * @returns {Promise<Cut[]>} every part that was not heard to its end, also those that nobody began to hear
   */
  clear() {
    if (this.#closing) return Promise.resolve([]);
    this.#resampler?.reset();
    this.#playing = false;
    const id = this.#clears++;
    return new Promise((resolve) => {
      this.#clearing.set(id, resolve);
      this.#send({ type: "clear", id });
    });
  }

  /** Whether something sounds. */
  get playing() {
    return this.#playing;
  }

  /** Root mean square of the last 43 ms, 0 to 1. */
  get level() {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return levelOf(this.#samples);
  }

  /** 0 to 1, or louder. */
  get volume() {
    return this.#gain.gain.value;
  }

  set volume(volume) {
    this.#gain.gain.value = volume;
  }

  /** @returns {Promise<void>} resolves when the page may sound; call it from a click if `open` was not */
  resume() {
    return this.#context.resume();
  }

  /** @returns {Promise<void>} resolves when the loudspeaker is free */
  close() {
    return (this.#closing ??= this.#close());
  }

  async #close() {
    this.#send({ type: "close" });
    this.#node.port.onmessage = null;
    this.#playing = false;
    for (const resolve of this.#clearing.values()) resolve([]);
    this.#clearing.clear();
    await this.#context.close();
  }

  /**
   * @param {PlaybackCommand} command
   * @param {Transferable[]} [transfer]
   */
  #send(command, transfer = []) {
    this.#node.port.postMessage(command, transfer);
  }

  /** @param {PlaybackMessage} message */
  #receive(message) {
    switch (message.type) {
      case "cleared":
        // What began to sound in the meantime is silent now.
        this.#playing = false;
        this.#clearing.get(message.id)?.(message.cuts);
        this.#clearing.delete(message.id);
        break;
      case "started":
        this.#playing = true;
        this.#options.onStarted?.({ part: message.part, heardAt: heardAt(this.#context, message.frame) });
        break;
      case "progress":
        this.#options.onProgress?.(progressOf(message));
        break;
      case "starved":
        this.#playing = false;
        this.#options.onProgress?.(progressOf(message));
        break;
      case "finished":
        if (message.queuedMs === 0) this.#playing = false;
        this.#options.onProgress?.(progressOf(message));
        this.#options.onFinished?.(message.part);
    }
  }
}

/** @param {PlayoutReport} report */
function progressOf({ part, playedMs, queuedMs, lostMs, skippedMs }) {
  return { part, playedMs, queuedMs, lostMs, skippedMs };
}
