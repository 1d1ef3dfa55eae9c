// The conversation as a WAV file: what was said on the left, what was heard on the right, at the times at which it was.

const RATE = 24_000;

/** Pauses longer than this are shortened to it. */
const LONGEST_PAUSE_MS = 2000;

/** @typedef {{ channel: 0 | 1, at: number, pcm: Uint8Array }} Clip `at` in ms; PCM16, 24 kHz */

/**
 * @param {Clip[]} clips
 * @returns {Blob}
 */
export function toWav(clips) {
  const placed = place(clips);
  const frames = Math.max(0, ...placed.map(({ frame, pcm }) => frame + pcm.length / 2));
  const data = new Int16Array(frames * 2);
  for (const { frame, channel, pcm } of placed) {
    const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    for (let i = 0; i < pcm.length / 2; i++) data[2 * (frame + i) + channel] = view.getInt16(2 * i, true);
  }
  return new Blob([header(data.byteLength), data], { type: "audio/wav" });
}

/** @param {Clip[]} clips */
function place(clips) {
  const sorted = [...clips].sort((a, b) => a.at - b.at);
  let end = sorted[0]?.at ?? 0;
  let skipped = end;
  return sorted.map((clip) => {
    skipped += Math.max(0, clip.at - end - LONGEST_PAUSE_MS);
    end = Math.max(end, clip.at + clip.pcm.length / 2 / (RATE / 1000));
    return { ...clip, frame: Math.round(((clip.at - skipped) * RATE) / 1000) };
  });
}

/** @param {number} size of the samples in bytes */
function header(size) {
  const view = new DataView(new ArrayBuffer(44));
  /** @param {number} at @param {string} text */
  const write = (at, text) => [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  write(0, "RIFF");
  view.setUint32(4, 36 + size, true);
  write(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 2, true); // channels
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 4, true);
  view.setUint16(32, 4, true);
  view.setUint16(34, 16, true);
  write(36, "data");
  view.setUint32(40, size, true);
  return view.buffer;
}
