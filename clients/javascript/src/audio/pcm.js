// PCM16 as the Realtime API carries it, and the samples that Web Audio works on.

/** Samples per second of audio in the session's format `pcm16`. */
export const SAMPLE_RATE = 24_000;

/** What 1.0 is in PCM16. */
const FULL_SCALE = 32_768;

/**
 * @param {Uint8Array} bytes whole samples, little-endian
 * @returns {Float32Array<ArrayBuffer>} -1 to 1
 * @throws {RangeError} if half a sample is missing
 */
export function samplesFromPcm16(bytes) {
  if (bytes.length % 2 !== 0) throw new RangeError(`PCM16 has two bytes per sample, got ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Float32Array(bytes.length / 2);
  for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(2 * i, true) / FULL_SCALE;
  return samples;
}

/**
 * @param {number} sample beyond -1 to 1 it is clipped
 * @returns {number}
 */
export function pcm16FromSample(sample) {
  return Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(sample * FULL_SCALE)));
}

/**
 * @param {Uint8Array} bytes PCM16, whole samples
 * @returns {number} root mean square, 0 to 1; 0 if there are none
 */
export function levelOfPcm16(bytes) {
  return levelOf(samplesFromPcm16(bytes));
}

/**
 * @param {Float32Array} samples
 * @returns {number} root mean square; 0 if there are none
 */
export function levelOf(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}
