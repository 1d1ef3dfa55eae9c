import { decodeBase64 } from "../base64.js";
import { MalformedEvent } from "../events.js";
import { Stream } from "../stream.js";
import { Backlog } from "../backlog.js";
import { end, receive } from "./internal.js";

/** @import { ServerMessageType } from "../models/server-messages.js" */

/** What surrounds a chunk in memory, about. */
const CHUNK_BYTES = 200;

/** @typedef {RTAudioContent | RTTextContent} RTMessageContent */

/** Speech of the assistant. The audio and its transcript can be read side by side or one after the other. */
export class RTAudioContent {
  /** @type {"audio"} @readonly */
  type = "audio";
  /** Complete once the chunks have ended; until then, as far as it came. */
  transcript = "";
  /** @type {Stream<Uint8Array<ArrayBuffer>>} */
  #audio;
  /** @type {Stream<string>} */
  #transcript;
  #backlog;
  #kept = 0;

  /**
   * @param {string} itemId
   * @param {number} contentIndex
   * @param {Backlog} [backlog]
   */
  constructor(itemId, contentIndex, backlog = new Backlog()) {
    this.#backlog = backlog;
    this.#audio = new Stream(Infinity, backlog);
    this.#transcript = new Stream(Infinity, backlog);
    /** @readonly */
    this.itemId = itemId;
    /** @readonly */
    this.contentIndex = contentIndex;
  }

  /** In the session's output format. */
  audioChunks() {
    return this.#audio[Symbol.asyncIterator]();
  }

  transcriptChunks() {
    return this.#transcript[Symbol.asyncIterator]();
  }

  /** @param {ServerMessageType} message */
  [receive](message) {
    if (message.type === "response.audio.delta") {
      const chunk = decodeAudio(message.delta);
      this.#audio.push(chunk, CHUNK_BYTES + chunk.length);
    } else if (message.type === "response.audio_transcript.delta") {
      this.transcript += message.delta;
      // Twice: as a chunk, and in the whole, which is kept as long as more may come.
      this.#backlog.add(message.delta.length);
      this.#kept += message.delta.length;
      this.#transcript.push(message.delta, CHUNK_BYTES + message.delta.length);
    } else if (message.type === "response.content_part.done") {
      if (message.part.type === "audio" && message.part.transcript) this.transcript = message.part.transcript;
      this[end]();
    }
  }

  /** @param {Error} [error] */
  [end](error) {
    this.#backlog.remove(this.#kept);
    this.#kept = 0;
    this.#audio.end(error);
    this.#transcript.end(error);
  }
}

/** Text of the assistant. */
export class RTTextContent {
  /** @type {"text"} @readonly */
  type = "text";
  /** Complete once the chunks have ended; until then, as far as it came. */
  text = "";
  /** @type {Stream<string>} */
  #chunks;
  #backlog;
  #kept = 0;

  /**
   * @param {string} itemId
   * @param {number} contentIndex
   * @param {Backlog} [backlog]
   */
  constructor(itemId, contentIndex, backlog = new Backlog()) {
    this.#backlog = backlog;
    this.#chunks = new Stream(Infinity, backlog);
    /** @readonly */
    this.itemId = itemId;
    /** @readonly */
    this.contentIndex = contentIndex;
  }

  textChunks() {
    return this.#chunks[Symbol.asyncIterator]();
  }

  /** @param {ServerMessageType} message */
  [receive](message) {
    if (message.type === "response.text.delta") {
      this.text += message.delta;
      this.#backlog.add(message.delta.length);
      this.#kept += message.delta.length;
      this.#chunks.push(message.delta, CHUNK_BYTES + message.delta.length);
    } else if (message.type === "response.content_part.done") {
      if (message.part.type === "text" && message.part.text) this.text = message.part.text;
      this[end]();
    }
  }

  /** @param {Error} [error] */
  [end](error) {
    this.#backlog.remove(this.#kept);
    this.#kept = 0;
    this.#chunks.end(error);
  }
}

/** @param {string} delta */
function decodeAudio(delta) {
  try {
    return decodeBase64(delta);
  } catch (cause) {
    throw new MalformedEvent("response.audio.delta whose delta is not base64", { cause });
  }
}
