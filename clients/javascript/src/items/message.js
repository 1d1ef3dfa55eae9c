import { Backlog, OBJECT_BYTES } from "../backlog.js";
import { Stream } from "../stream.js";
import { RTAudioContent, RTTextContent } from "./content.js";
import { end, receive } from "./internal.js";

/**
 * @import { MessageRole } from "../models/common.js"
 * @import { ResponseItemStatus, ResponseMessageItem } from "../models/server-items.js"
 * @import { ServerMessageType } from "../models/server-messages.js"
 * @import { RTMessageContent } from "./content.js"
 */

/**
 * A message of the assistant: iterate over it for its contents.
 * @implements {AsyncIterable<RTMessageContent>}
 */
export class RTMessageItem {
  /** @type {"message"} @readonly */
  type = "message";
  /** @type {string | null | undefined} */
  previousItemId;
  /** @type {Stream<RTMessageContent>} */
  #stream;
  #backlog;
  /** @type {Map<number, RTMessageContent>} */
  #contents = new Map();

  /**
   * @param {string} responseId
   * @param {ResponseMessageItem} item
   * @param {Backlog} [backlog]
   */
  constructor(responseId, item, backlog = new Backlog()) {
    this.#backlog = backlog;
    this.#stream = new Stream(Infinity, backlog);
    /** @readonly */
    this.responseId = responseId;
    /** @readonly */
    this.id = item.id;
    /** @type {MessageRole} @readonly */
    this.role = item.role;
    /** @type {ResponseItemStatus} */
    this.status = item.status;
  }

  [Symbol.asyncIterator]() {
    return this.#stream[Symbol.asyncIterator]();
  }

  /** @param {ServerMessageType} message */
  [receive](message) {
    if (message.type === "response.content_part.added") {
      this.#add(message.content_index, message.part.type);
    } else if (message.type === "response.output_item.done") {
      if (message.item.type === "message") this.status = message.item.status;
      this[end]();
    } else if ("content_index" in message) {
      this.#contents.get(message.content_index)?.[receive](message);
    }
  }

  /**
   * @param {number} index
   * @param {string} type others than these two are of later protocols, and passed over
   */
  #add(index, type) {
    if (type !== "audio" && type !== "text") return;
    const Content = type === "audio" ? RTAudioContent : RTTextContent;
    const content = new Content(this.id, index, this.#backlog);
    this.#contents.set(index, content);
    this.#stream.push(content, OBJECT_BYTES);
  }

  /** @param {Error} [error] */
  [end](error) {
    this.#stream.end(error);
    for (const content of this.#contents.values()) content[end](error);
  }
}
