import { OBJECT_BYTES } from "./backlog.js";
import { Acknowledgements } from "./acknowledgements.js";
import { encodeBase64 } from "./base64.js";
import { RTError } from "./errors.js";
import { generateId } from "./identifiers.js";
import { RTInputAudioItem } from "./items/input-audio.js";
import { backlog, end, receive } from "./items/internal.js";
import { parseLimits } from "./limits.js";
import { RTResponse } from "./items/response.js";
import { LowLevelRTClient } from "./low-level-client.js";
import { Pardons } from "./pardons.js";
import { Stream } from "./stream.js";

/**
 * @import { SessionUpdateParams, UserMessageType } from "./models/client-messages.js"
 * @import { Item } from "./models/items.js"
 * @import { Response, ResponseItem } from "./models/server-items.js"
 * @import { ServerMessageType, Session } from "./models/server-messages.js"
 * @import { ConnectionArguments } from "./options.js"
 */

/** Turns that may wait for `events()`. A program that never asks for them must not collect their audio. */
const MAX_UNREAD_EVENTS = 100;

/** Bytes per message, whole samples. Services take 15 MiB of base64; proxies on the way may take less. */
const MAX_APPEND_LENGTH = 4 * 1024 * 1024;

/** With these codes a service ends a connection in an orderly way (RFC 6455 7.4.1). */
const ORDERLY_CLOSURES = [1000, 1001, 1005];

/**
 * A conversation: the session, the user's turns and the model's answers as objects.
 *
 * An `error` event of the service ends the conversation: whatever is awaited, then or later, rejects with it.
 */
export class RTClient {
  /** What the service last said the session is; undefined before `init()`. @type {Session | undefined} */
  session;
  #connection;
  /** @type {Promise<void> | undefined} */
  #initialised;
  #closing = false;
  #over = false;
  #acknowledgements = new Acknowledgements();
  #pardons = new Pardons();
  #listeners = 0;
  /** @type {Stream<RTInputAudioItem | RTResponse>} */
  #events;
  #backlog;
  #startTimeoutMs;
  /** Answers that are not done. @type {Map<string, RTResponse>} */
  #responses = new Map();
  /** The user's turns of which more is to come. @type {Map<string, RTInputAudioItem>} */
  #inputs = new Map();

  /**
   * `(credential, {model})` for OpenAI, `(url, credential, {deployment})` for Azure OpenAI. Begins to connect.
   * @param {ConnectionArguments} args
   * @throws {TypeError} if they are neither
   */
  constructor(...args) {
    this.#connection = new LowLevelRTClient(...args);
    const { connectTimeoutMs, firstEventTimeoutMs } = parseLimits(args);
    this.#startTimeoutMs = connectTimeoutMs + firstEventTimeoutMs;
    this.#backlog = this.#connection[backlog];
    this.#backlog.onStall = () => this.#stalled();
    this.#events = new Stream(MAX_UNREAD_EVENTS, this.#backlog);
  }

  /** Names this connection in the service's logs. */
  get requestId() {
    return this.#connection.requestId;
  }

  /**
   * Wait for the session. Every other method does so by itself.
   * @returns {Promise<void>} rejects with `RTError` if the service refused the connection
   */
  init() {
    return (this.#initialised ??= this.#start());
  }

  async #start() {
    const created = this.#acknowledgements.expect("session.created");
    this.#read();
    const timer = setTimeout(() => {
      this.#fail(`no session within ${this.#startTimeoutMs / 1000} seconds`, "connection_failed");
    }, this.#startTimeoutMs);
    try {
      await created.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * @param {SessionUpdateParams} params what to change; the rest stays
   * @returns {Promise<Session>} the whole session
   */
  configure(params) {
    return this.#request("session.updated", { type: "session.update", session: params });
  }

  /**
   * @param {Uint8Array} audio in the session's input format, of any length
   * @returns {Promise<void>} resolves when it is handed to the connection
   */
  async sendAudio(audio) {
    await this.init();
    const sent = [];
    // All at once: nothing that the program sends next may come between the pieces.
    for (let start = 0; start < audio.length; start += MAX_APPEND_LENGTH) {
      const piece = audio.subarray(start, start + MAX_APPEND_LENGTH);
      sent.push(this.#connection.send({ type: "input_audio_buffer.append", audio: encodeBase64(piece) }));
    }
    await Promise.all(sent);
  }

  /**
   * Make the audio sent so far a turn of the user.
   * @returns {Promise<RTInputAudioItem>}
   */
  commitAudio() {
    return this.#request("input_audio_buffer.committed", { type: "input_audio_buffer.commit" });
  }

  /**
   * Forget the audio sent so far.
   * @returns {Promise<void>}
   */
  async clearAudio() {
    await this.#request("input_audio_buffer.cleared", { type: "input_audio_buffer.clear" });
  }

  /**
   * @param {Item} item gets an id if it has none
   * @param {string} [previousItemId] what to insert it after; at the end by default
   * @returns {Promise<ResponseItem>} the item as it is in the conversation
   */
  sendItem(item, previousItemId) {
    const id = item.id || generateId("item");
    return this.#request(`conversation.item.created ${id}`, {
      type: "conversation.item.create",
      previous_item_id: previousItemId,
      item: { ...item, id },
    });
  }

  /**
   * @param {string} id
   * @returns {Promise<void>}
   */
  async removeItem(id) {
    await this.#request(`conversation.item.deleted ${id}`, { type: "conversation.item.delete", item_id: id });
  }

  /**
   * Ask for an answer.
   * @returns {Promise<RTResponse | undefined>} undefined while an iteration of `events()` runs: the answer comes there
   */
  async generateResponse() {
    if (this.#listeners === 0) return this.#request("response.created", { type: "response.create" });
    await this.init();
    await this.#connection.send({ type: "response.create" });
    return undefined;
  }

  /**
   * The user's turns as they begin, and the answers. Ends with the connection.
   * @returns {AsyncGenerator<RTInputAudioItem | RTResponse, void, undefined>} throws `RTError` if the connection
   *   failed or broke, or the service sent an error
   */
  async *events() {
    this.#listeners++;
    try {
      await this.init();
      yield* this.#events;
    } finally {
      this.#listeners--;
    }
  }

  /** @returns {Promise<void>} resolves when the connection is closed */
  async close() {
    this.#closing = true;
    await this.#connection.close();
  }

  /**
   * Send a message and wait for its acknowledgement.
   * @template T
   * @param {string} kind
   * @param {UserMessageType} message
   * @returns {Promise<T>}
   */
  async #request(kind, message) {
    await this.init();
    const acknowledgement = this.#acknowledgements.expect(kind);
    if (this.#over) return /** @type {Promise<T>} */ (acknowledgement.promise);
    try {
      await this.#connection.send(message);
    } catch (error) {
      this.#acknowledgements.withdraw(kind, acknowledgement);
      throw error;
    }
    return /** @type {Promise<T>} */ (acknowledgement.promise);
  }

  async #read() {
    try {
      for await (const message of this.#connection.messages()) this.#dispatch(message);
      this.#end(this.#error("the connection is closed", "connection_closed"), true);
    } catch (cause) {
      if (cause instanceof RTError) {
        this.#end(cause);
      } else {
        await this.#fail("the service sent a malformed event", "malformed_event", cause);
      }
    }
  }

  /** The connection is paused, and nobody has read anything for a while: is something awaited that is behind it? */
  #stalled() {
    // One reader is this client's own, which passes on what comes.
    if (this.#acknowledgements.any || this.#backlog.waiting > 1) {
      this.#fail("too much is unread, and what is awaited is behind it", "unread_overflow");
    }
  }

  /**
   * End the conversation from this side.
   * @param {string} message
   * @param {string} code
   * @param {unknown} [cause]
   */
  async #fail(message, code, cause) {
    this.#end(this.#error(message, code, cause));
    await this.#connection.close();
  }

  /** @param {ServerMessageType} message */
  #dispatch(message) {
    if (this.#over) return;
    switch (message.type) {
      case "transcription_session.created":
        this.#end(this.#error("a transcription session has no answers: use LowLevelRTClient", "unsupported_session"));
        break;
      case "session.created":
      case "session.updated":
        this.session = message.session;
        this.#acknowledgements.settle(message.type, message.session);
        break;
      case "error":
        if (!this.#pardons.use(message.error.event_id)) {
          this.#end(new RTError({ ...message.error, requestId: this.requestId }));
        }
        break;
      case "connection.closed":
        this.#closed(message.code, message.reason);
        break;
      case "input_audio_buffer.speech_started":
        this.#events.push(this.#input(message.item_id, message.audio_start_ms));
        break;
      case "input_audio_buffer.committed":
        this.#acknowledgements.settle(message.type, this.#input(message.item_id));
        break;
      case "input_audio_buffer.cleared":
        this.#acknowledgements.settle(message.type, undefined);
        break;
      case "conversation.item.created":
        this.#forwardToInput(message.item.id, message);
        for (const response of this.#responses.values()) response[receive](message);
        this.#acknowledgements.settle(`${message.type} ${message.item.id}`, message.item);
        break;
      case "conversation.item.deleted":
        this.#acknowledgements.settle(`${message.type} ${message.item_id}`, undefined);
        break;
      case "response.created":
        this.#addResponse(message.response);
        break;
      case "response.done":
        this.#responses.get(message.response.id)?.[receive](message);
        if (this.#responses.delete(message.response.id)) this.#backlog.remove(OBJECT_BYTES);
        break;
      default:
        if ("response_id" in message) this.#responses.get(message.response_id)?.[receive](message);
        else if ("item_id" in message) this.#forwardToInput(message.item_id, message);
    }
  }

  /**
   * @param {string} id
   * @param {number} [audioStartMillis]
   * @returns {RTInputAudioItem} the one there is, else a new one
   */
  #input(id, audioStartMillis) {
    let input = this.#inputs.get(id);
    if (!input) {
      input = new RTInputAudioItem(id, audioStartMillis, Boolean(this.session?.input_audio_transcription));
      this.#inputs.set(id, input);
      this.#backlog.add(OBJECT_BYTES);
    }
    return input;
  }

  /**
   * @param {string} id
   * @param {ServerMessageType} message
   */
  #forwardToInput(id, message) {
    const input = this.#inputs.get(id);
    if (input && !input[receive](message) && this.#inputs.delete(id)) this.#backlog.remove(OBJECT_BYTES);
  }

  /** @param {Response} response */
  #addResponse(response) {
    const cancel = () => this.#connection.send({ type: "response.cancel", event_id: this.#pardons.grant() });
    const added = new RTResponse(response, cancel, this.#backlog);
    if (!this.#responses.has(response.id)) this.#backlog.add(OBJECT_BYTES);
    this.#responses.set(response.id, added);
    if (!this.#acknowledgements.settle("response.created", added)) this.#events.push(added);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #closed(code, reason) {
    const because = reason ? `${code}, ${reason}` : `${code}`;
    const error = this.#error(`the service closed the connection (${because})`, "connection_closed");
    this.#end(error, ORDERLY_CLOSURES.includes(code));
  }

  /**
   * @param {RTError} error for whatever is awaited, now or later
   * @param {boolean} [orderly] whether `events()` just ends
   */
  #end(error, orderly = false) {
    if (this.#over) return;
    this.#over = true;
    this.#acknowledgements.fail(error);
    // A program that closes has had enough: what it still reads ends without an error.
    const streamError = this.#closing ? undefined : error;
    for (const response of this.#responses.values()) response[end](streamError);
    for (const input of this.#inputs.values()) input[end](streamError);
    this.#responses.clear();
    this.#inputs.clear();
    this.#events.end(orderly ? undefined : streamError);
  }

  /**
   * @param {string} message
   * @param {string} code
   * @param {unknown} [cause]
   */
  #error(message, code, cause) {
    return new RTError({ message, code, requestId: this.requestId }, { cause });
  }
}
