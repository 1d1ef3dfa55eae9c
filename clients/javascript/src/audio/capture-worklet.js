// Runs on the audio thread: what the microphone hears, in frames of 20 ms of PCM16 at 24 kHz.

import { Framer } from "./framer.js";
import { SAMPLE_RATE } from "./pcm.js";
import { Resampler } from "./resampler.js";
import { scope } from "./worklet-scope.js";

const FRAME_MS = 20;

class CaptureProcessor extends scope.AudioWorkletProcessor {
  #resampler = scope.sampleRate === SAMPLE_RATE ? undefined : new Resampler(scope.sampleRate, SAMPLE_RATE);
  #framer = new Framer((SAMPLE_RATE * FRAME_MS) / 1000, (frame) => this.port.postMessage(frame, [frame.buffer]));
  #closed = false;

  constructor() {
    super();
    this.port.onmessage = () => {
      this.#closed = true;
    };
  }

  /** @param {Float32Array[][]} inputs one, mixed to mono; without channels while nothing is connected */
  process([input]) {
    const samples = input?.[0];
    if (samples) this.#framer.push(this.#resampler?.process(samples) ?? samples);
    return !this.#closed;
  }
}

scope.registerProcessor("rt-client-capture", CaptureProcessor);
