import { DEFAULT_MAX_UNREAD_BYTES } from "./backlog.js";

/** As long as services take to wake a deployment, and some more. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** Less would not hold the messages that announce an answer. */
const SMALLEST_MAX_UNREAD_BYTES = 1024 * 1024;

/** A longer timer fires at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * @typedef {object} Limits
 * @property {number} connectTimeoutMs
 * @property {number} firstEventTimeoutMs
 * @property {number} maxUnreadBytes
 */

/**
 * @param {unknown[]} args of a client, the last of which are its options
 * @returns {Limits}
 * @throws {TypeError} if one of them is no number, or out of range
 */
export function parseLimits(args) {
  const options = /** @type {Record<string, unknown>} */ (args[args.length - 1]);
  return {
    connectTimeoutMs: number(options, "connectTimeoutMs", DEFAULT_TIMEOUT_MS, 1, LONGEST_TIMEOUT_MS),
    firstEventTimeoutMs: number(options, "firstEventTimeoutMs", DEFAULT_TIMEOUT_MS, 1, LONGEST_TIMEOUT_MS),
    maxUnreadBytes: number(options, "maxUnreadBytes", DEFAULT_MAX_UNREAD_BYTES, SMALLEST_MAX_UNREAD_BYTES, Infinity),
  };
}

/**
 * @param {Record<string, unknown>} options
 * @param {string} name
 * @param {number} byDefault
 * @param {number} smallest
 * @param {number} largest
 */
function number(options, name, byDefault, smallest, largest) {
  const value = options[name] ?? byDefault;
  if (typeof value !== "number" || !(value >= smallest && value <= largest)) {
    throw new TypeError(`${name} must be a number from ${smallest} to ${largest}`);
  }
  return value;
}
