import { GADialect } from "./ga.js";

/** @import { UserMessageType } from "../models/client-messages.js" */

/** @typedef {import("../options.js").WireEvent} WireMessage */

/**
 * Between a program's messages, in the preview's shape, and those of the service.
 * @typedef {object} DialectTranslator
 * @property {(message: UserMessageType) => object[]} outgoing what to send for it, in order
 * @property {(event: WireMessage) => WireMessage | undefined} incoming undefined: nothing the preview has
 */

/** @type {DialectTranslator} */
const preview = { outgoing: (message) => [message], incoming: (event) => event };

/**
 * @param {import("../options.js").Dialect} dialect
 * @returns {DialectTranslator} of one connection
 */
export function createDialect(dialect) {
  return dialect === "ga" ? new GADialect() : preview;
}
