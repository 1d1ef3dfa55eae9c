import { Backlog } from "./backlog.js";
import { parseArguments, resolveCredential } from "./connection/handshake.js";
import { openSocket } from "./connection/platform.js";
import { createDialect } from "./dialects/index.js";
import { RTError } from "./errors.js";
import { checkEvent, parseEvent } from "./events.js";
import { generateId } from "./identifiers.js";
import { backlog } from "./items/internal.js";
import { parseLimits } from "./limits.js";
import { parseOnWire } from "./options.js";
import { Stream } from "./stream.js";

/**
 * @import { Handshake } from "./connection/handshake.js"
 * @import { Socket } from "./connection/socket.js"
 * @import { UserMessageType } from "./models/client-messages.js"
 * @import { ServerMessageType } from "./models/server-messages.js"
 * @import { ConnectionArguments, WireEvent } from "./options.js"
 */

/** How long to wait for the other side's half of closing, as RFC 6455 7.1.1 lets a client choose. */
const CLOSE_TIMEOUT_MS = 2_000;

const NORMAL_CLOSURE = 1000;

/** Invalid payload is 1007, but pages may only send 1000 and codes from 3000 on. */
const MALFORMED_EVENT_CLOSURE = 4007;

/** Likewise for what is 1009, a message too big. */
const UNREAD_CLOSURE = 4009;

/** What surrounds the text of a message in memory, about. */
const MESSAGE_BYTES = 500;

/**
 * Messages in and messages out, as they are on the wire.
 *
 * The constructor begins to connect. If that fails, `messages()` and `send()` say so.
 */
export class LowLevelRTClient {
  #limits;
  /** What is unread, here and in the objects of an `RTClient`. @type {Backlog} */
  [backlog];
  /** @type {Stream<ServerMessageType>} */
  #incoming;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence;
  #connecting = new AbortController();
  #dialect;
  #onWire;
  /** @type {Promise<Socket>} */
  #socket;
  /** @type {Promise<void> | undefined} */
  #closing;
  #ended = false;
  #heard = false;
  /** @type {() => void} */
  #resolveEnd = () => {};
  /** @type {Promise<void>} */
  #end = new Promise((resolve) => (this.#resolveEnd = resolve));

  /**
   * `(credential, {model})` for OpenAI, `(url, credential, {deployment})` for Azure OpenAI.
   * @param {ConnectionArguments} args
   * @throws {TypeError} if they are neither
   */
  constructor(...args) {
    const handshake = parseArguments(args);
    this.#limits = parseLimits(args);
    this.#onWire = parseOnWire(args);
    this[backlog] = new Backlog(this.#limits.maxUnreadBytes);
    this.#incoming = new Stream(Infinity, this[backlog]);
    /**
     * Names this connection in the service's logs. Of OpenAI, the service's own, known once connected.
     * @type {string | undefined}
     */
    this.requestId = handshake.requestId;
    this.#dialect = createDialect(handshake.dialect);
    this.#socket = this.#connect(handshake);
    this.#socket.catch(() => {}); // Told by send() and messages(); nobody need have called them yet.
  }

  /**
   * The service's messages in order, then `connection.closed`. Types that this client does not know come too.
   *
   * All iterations share one queue: each message goes to one of them.
   * @returns {AsyncGenerator<ServerMessageType, void, undefined>} throws `RTError` if the connection failed or
   *   the service sent a malformed event
   */
  messages() {
    return this.#incoming[Symbol.asyncIterator]();
  }

  /**
   * Send a message, after waiting for the connection.
   * @param {UserMessageType} message
   * @returns {Promise<void>} rejects with `RTError` if there is no connection, or no more
   */
  async send(message) {
    const socket = await this.#socket;
    for (const translated of this.#dialect.outgoing(message)) {
      if (this.#ended || this.#closing) throw this.#closedError();
      socket.send(JSON.stringify(translated));
      this.#onWire?.("out", /** @type {WireEvent} */ (translated));
    }
  }

  /**
   * Close the connection, or give up connecting.
   * @returns {Promise<void>} resolves when it is closed
   */
  close() {
    return (this.#closing ??= this.#close());
  }

  async #close() {
    this.#connecting.abort(this.#closedError());
    let socket;
    try {
      socket = await this.#socket;
    } catch {
      return; // Never connected: told by send() and messages().
    }
    if (this.#ended) return;
    await this.#closeSocket(socket, NORMAL_CLOSURE, "");
  }

  /**
   * @param {Socket} socket
   * @param {number} code
   * @param {string} reason
   */
  async #closeSocket(socket, code, reason) {
    socket.close(code, reason);
    this[backlog].end(); // A paused socket would not hear the other side's half of closing.
    const timer = setTimeout(() => {
      socket.terminate?.();
      this.#onClose(1006, "the service did not answer the closing");
    }, CLOSE_TIMEOUT_MS);
    await this.#end;
    clearTimeout(timer);
  }

  /**
   * @param {Handshake} handshake
   * @returns {Promise<Socket>}
   */
  async #connect(handshake) {
    const { signal } = this.#connecting;
    let timer;
    try {
      const secret = await this.#secret(handshake, signal);
      timer = setTimeout(() => {
        this.#connecting.abort(new Error(`no answer within ${this.#limits.connectTimeoutMs / 1000} seconds`));
      }, this.#limits.connectTimeoutMs);
      const socket = await openSocket(
        handshake,
        secret,
        { onMessage: (data) => this.#onMessage(data), onClose: (code, reason) => this.#onClose(code, reason) },
        signal,
      );
      this.requestId ??= socket.requestId;
      this.#opened(socket);
      return socket;
    } catch (cause) {
      const error =
        cause instanceof RTError
          ? cause
          : this.#error(`no connection to ${handshake.url.host}`, "connection_failed", cause);
      // Who closes a client that is still connecting wants an end, not an error.
      this.#finish(this.#closing ? undefined : error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * @param {Handshake} handshake
   * @param {AbortSignal} signal
   */
  async #secret(handshake, signal) {
    /** @type {Promise<never>} */
    const aborted = new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    try {
      return await Promise.race([resolveCredential(handshake.credential), aborted]);
    } catch (cause) {
      if (cause instanceof RTError) throw cause;
      throw this.#error("no credential", "credential_failed", cause);
    }
  }

  /** @param {Socket} socket */
  #opened(socket) {
    const { pause, resume } = socket;
    if (pause && resume) {
      this[backlog].onFull = pause;
      this[backlog].onRoom = resume;
    } else {
      this[backlog].onFull = () => this.#fail("too much is unread", "unread_overflow", UNREAD_CLOSURE);
    }
    if (this.#heard || this.#ended) return; // In the same moment.
    const { firstEventTimeoutMs } = this.#limits;
    this.#silence = setTimeout(() => {
      this.#finish(this.#error(`no first event within ${firstEventTimeoutMs / 1000} seconds`, "connection_failed"));
      if (socket.terminate) socket.terminate();
      else socket.close(NORMAL_CLOSURE, "");
    }, firstEventTimeoutMs);
  }

  /** @param {unknown} data */
  #onMessage(data) {
    this.#heard = true;
    clearTimeout(this.#silence);
    if (this.#ended || this.#closing) return;
    let seen;
    try {
      seen = parseEvent(data);
      const event = this.#dialect.incoming(seen);
      if (event) this.#incoming.push(checkEvent(event), MESSAGE_BYTES + /** @type {string} */ (data).length);
    } catch (cause) {
      this.#fail("the service sent a malformed event", "malformed_event", MALFORMED_EVENT_CLOSURE, cause);
    }
    // Not above: what the program's function throws is no fault of the service.
    if (seen) this.#onWire?.("in", seen);
  }

  /**
   * End the connection from this side, with an error for who reads.
   * @param {string} what
   * @param {string} code
   * @param {number} closure
   * @param {unknown} [cause]
   */
  #fail(what, code, closure, cause) {
    this.#incoming.end(this.#error(what, code, cause));
    this.#closing ??= this.#socket.then((socket) => this.#closeSocket(socket, closure, what));
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #onClose(code, reason) {
    this.#incoming.push({ type: "connection.closed", event_id: generateId("event"), code, reason });
    this.#finish();
  }

  /** @param {RTError} [error] */
  #finish(error) {
    this.#ended = true;
    clearTimeout(this.#silence);
    this[backlog].end();
    this.#incoming.end(error);
    this.#resolveEnd();
  }

  #closedError() {
    return this.#error("the connection is closed", "connection_closed");
  }

  /**
   * @param {string} what
   * @param {string} code
   * @param {unknown} [cause]
   */
  #error(what, code, cause) {
    const message = cause === undefined ? what : `${what}: ${describe(cause)}`;
    return new RTError({ message, code, requestId: this.requestId }, { cause });
  }
}

/**
 * @param {unknown} cause Node gathers refused attempts on several addresses in an error that has but a code
 * @returns {string}
 */
function describe(cause) {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ("code" in cause ? String(cause.code) : cause.name);
}
