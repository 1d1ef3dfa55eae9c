// The connection: rt-client opens it and translates; here every event is also shown as it is on the wire.

import { LowLevelRTClient, RTError } from "../rt-client/low-level.js";
import { apiUrl, ConnectionError, explain, explainNoDeployment } from "./service.js";

/**
 * @import { ServerMessageType, UserMessageType } from "../rt-client/low-level.js"
 * @import { Settings } from "./settings.js"
 */

/** @typedef {Record<string, any> & { type: string }} Message an event, in the preview's shape */

/** How a connection ended. @typedef {{ code: number, reason: string }} End */

/** Services expect a key even where none is needed. */
const ANY_KEY = "none";

/** With it rt-client closes, of the page's side, what it cannot read: pages may not send the 1007 that is meant for it. */
const MALFORMED_EVENT = 4007;

/** What may stand in a WebSocket's subprotocol (RFC 9110 5.6.2), where browsers put the key. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

export class Wire {
  #client;
  #messages;
  #first;
  #closed = false;

  /**
   * @param {Settings} settings
   * @param {(direction: "in" | "out", event: Message, at: number) => void} onFrame the event as on the wire
   * @param {AbortSignal} signal
   * @returns {Promise<Wire>} once the server has said something; rejects with `ConnectionError`
   */
  static async open({ key, deployment, dialect }, onFrame, signal) {
    signal.throwIfAborted();
    if (!deployment) throw await explainNoDeployment(key);
    if (key && !TOKEN.test(key)) throw new ConnectionError("badKey");
    const client = new LowLevelRTClient(
      { key: key || ANY_KEY },
      {
        model: deployment,
        baseURL: apiUrl(),
        dialect,
        onWire: (direction, event) => onFrame(direction, event, performance.now()),
      },
    );
    signal.addEventListener("abort", () => void client.close(), { once: true });
    const messages = client.messages();
    let first;
    try {
      first = await messages.next();
    } catch (cause) {
      signal.throwIfAborted();
      throw await explain(key, deployment, cause);
    }
    signal.throwIfAborted();
    return new Wire(client, messages, first);
  }

  /**
   * `Wire.open` makes them.
   * @param {LowLevelRTClient} client
   * @param {AsyncGenerator<ServerMessageType, void>} messages
   * @param {IteratorResult<ServerMessageType, void>} first of them
   */
  constructor(client, messages, first) {
    this.#client = client;
    this.#messages = messages;
    this.#first = first;
  }

  /**
   * @param {(message: Message, at: number) => void} onMessage from the server, in the preview's shape
   * @returns {Promise<End | undefined>} how the connection ended; undefined after `close`
   */
  async listen(onMessage) {
    try {
      for (let next = this.#first; !next.done && !this.#closed; next = await this.#messages.next()) {
        const message = /** @type {Message} */ (/** @type {unknown} */ (next.value));
        if (next.value.type === "connection.closed") return next.value;
        try {
          onMessage(message, performance.now());
        } catch (cause) {
          reportError(cause); // A fault of the page in one message is no reason to be deaf to the others.
        }
      }
    } catch (cause) {
      if (!(cause instanceof RTError)) throw cause;
      return { code: MALFORMED_EVENT, reason: cause.message };
    }
    return undefined;
  }

  /**
   * @param {Message} message in the preview's shape; nothing happens once the connection is closed
   * @returns {number} when it was sent, on the clock of `performance.now()`
   */
  send(message) {
    const at = performance.now();
    this.#client.send(/** @type {UserMessageType} */ (/** @type {unknown} */ (message))).catch((cause) => {
      // `listen` tells of the end.
      if (!(cause instanceof RTError && cause.code === "connection_closed")) throw cause;
    });
    return at;
  }

  close() {
    this.#closed = true;
    void this.#client.close();
  }
}
