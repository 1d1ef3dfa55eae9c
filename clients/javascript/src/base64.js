// Bytes to base64 and back: Node's Buffer where there is one, else what browsers have.

/** Bytes per call: engines limit the number of arguments, the lowest known limit being 65,535. */
const SLICE = 0x8000;

/**
 * @param {Uint8Array} bytes of any length
 * @returns {string}
 */
export function encodeBase64(bytes) {
  if (typeof Buffer !== "undefined") {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  }
  let text = "";
  for (let start = 0; start < bytes.length; start += SLICE) {
    text += String.fromCharCode(...bytes.subarray(start, start + SLICE));
  }
  return btoa(text);
}

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>} which owns its whole buffer, so that `new Int16Array(bytes.buffer)` is right
 * @throws {SyntaxError} if the text is not base64
 */
export function decodeBase64(text) {
  if (typeof Buffer !== "undefined") {
    const bytes = new Uint8Array(Buffer.byteLength(text, "base64"));
    const written = Buffer.from(bytes.buffer).write(text, "base64");
    // Buffer skips what is not base64, so that less is written than the length promises.
    if (written !== bytes.length) throw new SyntaxError("not base64");
    return bytes;
  }
  let binary;
  try {
    binary = atob(text);
  } catch (cause) {
    throw new SyntaxError("not base64", { cause });
  }
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
