// The connection: rt-client's own modules open it and translate; here every frame is shown as it is on the wire.

import { openSocket } from "../rt-client/connection/platform.js";
import { parseArguments } from "../rt-client/connection/handshake.js";
import { createDialect } from "../rt-client/dialects/index.js";
import { checkEvent, parseEvent } from "../rt-client/events.js";
import { apiUrl, ConnectionError, explain, explainNoDeployment } from "./service.js";

/** @import { Settings } from "./settings.js" */

/** @typedef {Record<string, any> & { type: string }} Message an event, in the preview's shape */

/**
 * @typedef {object} WireListener
 * @property {(direction: "in" | "out", event: Message, at: number) => void} onFrame as on the wire
 * @property {(message: Message, at: number) => void} onMessage from the server, in the preview's shape
 * @property {(code: number, reason: string) => void} onClosed not after `close`
 */

/** Services expect a key even where none is needed. */
const ANY_KEY = "none";

/** What may stand in a WebSocket's subprotocol (RFC 9110 5.6.2), where browsers put the key. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

export class Wire {
  #socket;
  #dialect;
  #listener;
  #open = true;

  /**
   * @param {Settings} settings
   * @param {WireListener} listener
   * @param {AbortSignal} signal
   * @returns {Promise<Wire>} rejects with `ConnectionError`
   */
  static async open({ key, deployment, dialect }, listener, signal) {
    if (!deployment) throw await explainNoDeployment(key);
    if (key && !TOKEN.test(key)) throw new ConnectionError("badKey");
    const credential = { key: key || ANY_KEY };
    const handshake = parseArguments([credential, { model: deployment, baseURL: apiUrl(), dialect }]);
    /** @type {Wire | undefined} */
    let wire;
    try {
      const socket = await openSocket(
        handshake,
        credential,
        {
          onMessage: (data) => wire?.receive(data),
          onClose: (code, reason) => wire?.closed(code, reason),
        },
        signal,
      );
      wire = new Wire(socket, dialect, listener);
      return wire;
    } catch (cause) {
      signal.throwIfAborted();
      throw await explain(key, deployment, cause);
    }
  }

  /**
   * `Wire.open` makes them.
   * @param {import("../rt-client/connection/socket.js").Socket} socket
   * @param {Settings["dialect"]} dialect
   * @param {WireListener} listener
   */
  constructor(socket, dialect, listener) {
    this.#socket = socket;
    this.#dialect = createDialect(dialect);
    this.#listener = listener;
  }

  /**
   * @param {Message} message in the preview's shape; nothing happens once the connection is closed
   * @returns {number} when it was sent, on the clock of `performance.now()`
   */
  send(message) {
    const at = performance.now();
    if (!this.#open) return at;
    for (const sent of this.#dialect.outgoing(/** @type {any} */ (message))) {
      this.#socket.send(JSON.stringify(sent));
      this.#listener.onFrame("out", /** @type {Message} */ (sent), at);
    }
    return at;
  }

  close() {
    this.#open = false;
    this.#socket.close(1000, "");
  }

  /** @param {unknown} data */
  receive(data) {
    if (!this.#open) return;
    const at = performance.now();
    let message;
    try {
      const event = parseEvent(data);
      this.#listener.onFrame("in", event, at);
      message = this.#dialect.incoming(event);
      if (message) checkEvent(message);
    } catch (cause) {
      this.close();
      this.#listener.onClosed(4007, String(cause));
      return;
    }
    if (message) this.#listener.onMessage(message, at);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  closed(code, reason) {
    if (!this.#open) return;
    this.#open = false;
    this.#listener.onClosed(code, reason);
  }
}
