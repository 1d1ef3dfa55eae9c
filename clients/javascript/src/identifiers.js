// Random identifiers. crypto.randomUUID is missing on pages served without TLS; getRandomValues is not.

const URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * @param {string} prefix
 * @returns {string} `prefix-` and random characters, 32 in all: what services allow for an item's id
 */
export function generateId(prefix) {
  const random = crypto.getRandomValues(new Uint8Array(32 - prefix.length - 1));
  return `${prefix}-${Array.from(random, (byte) => URL_SAFE[byte % 64]).join("")}`;
}

/** @returns {string} a version 4 UUID */
export function generateUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (Number(bytes[6]) & 0x0f) | 0x40;
  bytes[8] = (Number(bytes[8]) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
