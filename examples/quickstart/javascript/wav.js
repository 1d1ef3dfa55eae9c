// WAV files as the service hears and speaks: mono, 16 bit, 24,000 Hz.

import { readFile, writeFile } from "node:fs/promises";

const RATE = 24_000;
const HEADER_LENGTH = 44;

/**
 * @param {string} path
 * @returns {Promise<Uint8Array>} the samples
 */
export async function readWav(path) {
  const file = await readFile(path);
  if (file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WAVE") {
    throw new Error(`${path} is no WAV file.`);
  }
  let suits = false;
  for (let start = 12; start + 8 <= file.length; ) {
    const name = file.toString("latin1", start, start + 4);
    const length = file.readUInt32LE(start + 4);
    const chunk = file.subarray(start + 8, start + 8 + length);
    if (name === "fmt ") {
      suits = chunk.readUInt16LE(2) === 1 && chunk.readUInt32LE(4) === RATE && chunk.readUInt16LE(14) === 16;
    } else if (name === "data" && suits) {
      return chunk;
    }
    start += 8 + length + (length % 2);
  }
  throw new Error(`${path} is not mono, 16 bit, ${RATE} Hz.`);
}

/**
 * @param {string} path
 * @param {Uint8Array[]} chunks of samples
 */
export async function writeWav(path, chunks) {
  const samples = Buffer.concat(chunks);
  const header = Buffer.alloc(HEADER_LENGTH);
  header.write("RIFF", 0);
  header.writeUInt32LE(HEADER_LENGTH - 8 + samples.length, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(1, 22); // mono
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(samples.length, 40);
  await writeFile(path, Buffer.concat([header, samples]));
}
