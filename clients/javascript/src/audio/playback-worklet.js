// Runs on the audio thread: plays what the page sends, and tells how far it got.

import { Playout } from "./playout.js";
import { scope } from "./worklet-scope.js";

/** @import { Cut, Part, PlayoutOptions, PlayoutReport } from "./playout.js" */

/**
 * From the page.
 * @typedef {{ type: "play", part: Part, samples: Float32Array }
 *   | { type: "finish", part: Part }
 *   | { type: "clear", id: number }
 *   | { type: "close" }} PlaybackCommand
 */

/**
 * To the page; `frame` is the time on the context's clock, in samples.
 * @typedef {(PlayoutReport & { frame: number }) | { type: "cleared", id: number, cuts: Cut[] }} PlaybackMessage
 */

class PlaybackProcessor extends scope.AudioWorkletProcessor {
  #playout;
  #closed = false;

  /** @param {{ processorOptions: Omit<PlayoutOptions, "sampleRate"> }} options */
  constructor({ processorOptions }) {
    super();
    this.#playout = new Playout({ ...processorOptions, sampleRate: scope.sampleRate }, (report) =>
      this.#tell({ ...report, frame: scope.currentFrame }),
    );
    this.port.onmessage = ({ data }) => this.#obey(data);
  }

  /** @param {PlaybackCommand} command */
  #obey(command) {
    switch (command.type) {
      case "play":
        this.#playout.push(command.part, command.samples);
        break;
      case "finish":
        this.#playout.finish(command.part);
        break;
      case "clear":
        this.#tell({ type: "cleared", id: command.id, cuts: this.#playout.clear() });
        break;
      case "close":
        this.#closed = true;
    }
  }

  /** @param {PlaybackMessage} message */
  #tell(message) {
    this.port.postMessage(message);
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs one, mono
   */
  process(_inputs, [output]) {
    const samples = output?.[0];
    if (samples) this.#playout.pull(samples);
    return !this.#closed;
  }
}

scope.registerProcessor("rt-client-playback", PlaybackProcessor);
