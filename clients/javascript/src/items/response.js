import { Backlog, OBJECT_BYTES } from "../backlog.js";
import { Stream } from "../stream.js";
import { RTFunctionCallItem } from "./function-call.js";
import { end, receive } from "./internal.js";
import { RTMessageItem } from "./message.js";

/**
 * @import { Response, ResponseItem } from "../models/server-items.js"
 * @import { ServerMessageType } from "../models/server-messages.js"
 */

/** @typedef {RTMessageItem | RTFunctionCallItem} RTOutputItem */

/**
 * An answer of the model: iterate over it for its items.
 *
 * Everything it streams is kept until it is read, and forgotten with the object.
 * @implements {AsyncIterable<RTOutputItem>}
 */
export class RTResponse {
  /** @type {"response"} @readonly */
  type = "response";
  #response;
  #requestCancellation;
  #done = false;
  /** @type {Stream<RTOutputItem>} */
  #stream;
  #backlog;
  #kept = 0;
  /** @type {Map<string, RTOutputItem>} */
  #items = new Map();
  /** Items that wait for their place in the conversation. @type {Set<RTOutputItem>} */
  #unplaced = new Set();
  /** Places that wait for their item. @type {Map<string, string | null | undefined>} */
  #places = new Map();

  /**
   * @param {Response} response
   * @param {() => Promise<void>} requestCancellation
   * @param {Backlog} [backlog]
   */
  constructor(response, requestCancellation, backlog = new Backlog()) {
    this.#backlog = backlog;
    this.#stream = new Stream(Infinity, backlog);
    this.#response = response;
    this.#requestCancellation = requestCancellation;
  }

  get id() {
    return this.#response.id;
  }

  get status() {
    return this.#response.status;
  }

  get statusDetails() {
    return this.#response.status_details;
  }

  get output() {
    return this.#response.output;
  }

  get usage() {
    return this.#response.usage;
  }

  /**
   * Stop the answer. Items that were not taken yet are dropped.
   * @returns {Promise<void>} resolves when it has ended; nothing is sent if it had ended already
   */
  async cancel() {
    if (!this.#done) await this.#requestCancellation();
    for await (const _ of this.#stream);
  }

  [Symbol.asyncIterator]() {
    return this.#stream[Symbol.asyncIterator]();
  }

  /** @param {ServerMessageType} message */
  [receive](message) {
    if (message.type === "response.done") {
      this.#response = message.response;
      this[end]();
    } else if (message.type === "response.output_item.added") {
      this.#add(message.item);
    } else if (message.type === "response.output_item.done") {
      this.#forward(message.item.id, message);
    } else if (message.type === "conversation.item.created") {
      this.#place(message.item.id, message.previous_item_id);
    } else if ("item_id" in message) {
      this.#forward(message.item_id, message);
    }
  }

  /** @param {ResponseItem} item */
  #add(item) {
    const added = this.#create(item);
    if (!added) return; // Of a later protocol.
    this.#keep();
    this.#items.set(added.id, added);
    this.#unplaced.add(added);
    if (this.#places.has(added.id)) this.#place(added.id, this.#places.get(added.id));
  }

  /**
   * @param {ResponseItem} item
   * @returns {RTOutputItem | undefined}
   */
  #create(item) {
    if (item.type === "message") return new RTMessageItem(this.id, item, this.#backlog);
    if (item.type === "function_call") return new RTFunctionCallItem(this.id, item, this.#backlog);
    return undefined;
  }

  /**
   * @param {string} itemId
   * @param {string | null | undefined} previousItemId
   */
  #place(itemId, previousItemId) {
    const item = this.#items.get(itemId);
    if (!item) {
      this.#keep();
      this.#places.set(itemId, previousItemId);
      return;
    }
    item.previousItemId = previousItemId;
    this.#yield(item);
  }

  /** @param {RTOutputItem} item once */
  #yield(item) {
    if (this.#unplaced.delete(item)) this.#stream.push(item, OBJECT_BYTES);
  }

  /**
   * @param {string} itemId
   * @param {ServerMessageType} message
   */
  #forward(itemId, message) {
    const item = this.#items.get(itemId);
    if (!item) return;
    // An answer outside the conversation gets no place in it, and must not wait for one.
    this.#yield(item);
    item[receive](message);
  }

  /** An item, or the place of one, is kept until the answer ends. */
  #keep() {
    this.#kept += OBJECT_BYTES;
    this.#backlog.add(OBJECT_BYTES);
  }

  /** @param {Error} [error] */
  [end](error) {
    this.#done = true;
    this.#backlog.remove(this.#kept);
    this.#kept = 0;
    this.#stream.end(error);
    for (const item of this.#items.values()) item[end](error);
    this.#places.clear();
  }
}
