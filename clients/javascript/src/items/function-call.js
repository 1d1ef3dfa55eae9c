import { Deferred } from "../deferred.js";
import { Backlog } from "../backlog.js";
import { Stream } from "../stream.js";
import { end, receive } from "./internal.js";

/**
 * @import { ResponseFunctionCallItem } from "../models/server-items.js"
 * @import { ServerMessageType } from "../models/server-messages.js"
 */

/** What surrounds a piece in memory, about. */
const PIECE_BYTES = 200;

/**
 * A function that the model calls: either iterate over it for the pieces of its arguments, or wait.
 * @implements {AsyncIterable<string>}
 */
export class RTFunctionCallItem {
  /** @type {"function_call"} @readonly */
  type = "function_call";
  /** JSON text, as the model wrote it. Complete once the iteration or the waiting has ended. */
  arguments = "";
  /** @type {string | null | undefined} */
  previousItemId;
  /** @type {Stream<string>} */
  #stream;
  #backlog;
  #kept = 0;
  /** @type {Deferred<void>} */
  #completion = new Deferred();
  /** @type {"iterated" | "awaited" | undefined} */
  #use;

  /**
   * @param {string} responseId
   * @param {ResponseFunctionCallItem} item
   * @param {Backlog} [backlog]
   */
  constructor(responseId, item, backlog = new Backlog()) {
    this.#backlog = backlog;
    this.#stream = new Stream(Infinity, backlog);
    /** @readonly */
    this.responseId = responseId;
    /** @readonly */
    this.id = item.id;
    /** @readonly */
    this.functionName = item.name;
    /** @readonly */
    this.callId = item.call_id;
  }

  /** @returns {AsyncGenerator<string, void, undefined>} */
  [Symbol.asyncIterator]() {
    if (this.#use === "awaited") throw new Error("Cannot iterate after awaiting.");
    this.#use = "iterated";
    return this.#stream[Symbol.asyncIterator]();
  }

  /** @returns {Promise<void>} resolves when `arguments` is complete */
  async waitForCompletion() {
    if (this.#use === "iterated") throw new Error("Cannot await after iterating.");
    this.#use = "awaited";
    return this.#completion.promise;
  }

  /** @param {ServerMessageType} message */
  [receive](message) {
    if (message.type === "response.function_call_arguments.delta") {
      this.arguments += message.delta;
      // Twice: as a piece, and in the whole.
      this.#backlog.add(message.delta.length);
      this.#kept += message.delta.length;
      this.#stream.push(message.delta, PIECE_BYTES + message.delta.length);
    } else if (message.type === "response.output_item.done") {
      if (message.item.type === "function_call") this.arguments = message.item.arguments;
      this[end]();
    }
  }

  /** @param {Error} [error] */
  [end](error) {
    this.#backlog.remove(this.#kept);
    this.#kept = 0;
    this.#stream.end(error);
    if (error) this.#completion.reject(error);
    else this.#completion.resolve();
  }
}
