import { pcm16FromSample } from "./pcm.js";

/** Cuts a stream of samples into PCM16 frames of one length. */
export class Framer {
  #length;
  #emit;
  #filled = 0;
  /** @type {DataView<ArrayBuffer>} */
  #frame;

  /**
   * @param {number} length samples per frame
   * @param {(frame: Uint8Array<ArrayBuffer>) => void} emit gets each full frame, to keep
   */
  constructor(length, emit) {
    this.#length = length;
    this.#emit = emit;
    this.#frame = this.#newFrame();
  }

  /** @param {Float32Array} samples any number of them */
  push(samples) {
    for (const sample of samples) {
      this.#frame.setInt16(2 * this.#filled, pcm16FromSample(sample), true);
      if (++this.#filled < this.#length) continue;
      const frame = new Uint8Array(this.#frame.buffer);
      // Frames are transferred to another thread, so each has memory of its own.
      this.#frame = this.#newFrame();
      this.#filled = 0;
      this.#emit(frame);
    }
  }

  #newFrame() {
    return new DataView(new ArrayBuffer(2 * this.#length));
  }
}
