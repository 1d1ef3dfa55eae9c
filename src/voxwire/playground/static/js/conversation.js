// What was said, by whom, and how much of it was heard: built from the server's events, in the preview's shape.

import { levelOfPcm16 } from "../rt-client/audio/index.js";

/** @import { Message } from "./wire.js" */

/**
 * @typedef {"listening" | "recognising" | "live" | "done" | "failed" | "incomplete" | "cancelled"} ItemState
 */

/**
 * @typedef {object} Item
 * @property {string} id
 * @property {"person" | "assistant" | "call" | "session"} role `session`: where one began
 * @property {string} text
 * @property {ItemState} state
 * @property {boolean} typed
 * @property {number} at when it began, on the clock of `performance.now()`
 * @property {number | undefined} soundAt when its sound began
 * @property {number[]} levels of its sound, 0 to 1, one for each 20 ms
 * @property {number} growing how many of the levels, the last, are of sound that is being said and not there yet
 * @property {Uint8Array[]} pcm its sound, for as long as there is room for it
 * @property {number} soundMs
 * @property {number | undefined} heardMs how much of it was heard, if it was cut
 * @property {string | undefined} heardText the words of that
 * @property {Call | undefined} call
 */

/**
 * @typedef {object} Call
 * @property {string} name
 * @property {string} callId
 * @property {string} [answer]
 * @property {boolean} [stubbed] answered by what was typed under the tools
 */

const FRAME_BYTES = 960;
const BYTES_PER_MS = 48;

/** What is being said is shown every 80 ms: as often as it needs another bar. */
const LEVELS_AT_ONCE = 4;

/** Sound of about twenty minutes; beyond it the oldest is dropped. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Items beyond this are dropped from the page, oldest first. */
const MOST_ITEMS = 1000;

export class Conversation {
  /** @type {Item[]} */
  items = [];
  /** @type {Map<string, Item>} */
  #byId = new Map();
  #bytes = 0;
  /** What somebody began to say and is no item yet. @type {string | undefined} */
  #uncommitted;
  /** Calls by the items that answered them. @type {Map<string, string>} */
  #outputs = new Map();
  #onChange;

  /** @param {(item: Item) => void} onChange an item was added or changed */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** @param {string | null | undefined} id */
  get(id) {
    return id === null || id === undefined ? undefined : this.#byId.get(id);
  }

  /**
   * What an answer answers, in words.
   * @param {string | null | undefined} id of an item, also of the answer of a tool
   */
  saidIn(id) {
    const callId = this.#outputs.get(id ?? "");
    const call = this.items.find((item) => item.call?.callId === callId && callId !== undefined);
    return call ? `${call.call?.name}()` : (this.get(id)?.text ?? "");
  }

  /**
   * @param {Message} message
   * @param {number} at
   */
  take(message, at) {
    switch (message.type) {
      case "session.created":
        this.#change(this.#add(message["session"].id, "session", at), { state: "done" });
        break;
      case "input_audio_buffer.speech_started":
        this.#uncommitted = message["item_id"];
        this.#change(this.#person(message["item_id"], at), {});
        break;
      case "input_audio_buffer.speech_stopped":
        this.#change(this.#person(message["item_id"], at), { state: "recognising" });
        break;
      case "input_audio_buffer.committed":
        this.#uncommitted = undefined;
        this.#change(this.#person(message["item_id"], at), { state: "recognising" });
        break;
      case "input_audio_buffer.cleared":
        this.#givenUp();
        break;
      case "session.updated":
        if (message["session"].turn_detection === null) this.#givenUp();
        break;
      case "conversation.item.created":
        this.#created(message["item"], at);
        break;
      case "conversation.item.input_audio_transcription.delta": {
        const item = this.#person(message["item_id"], at);
        this.#change(item, { text: item.text + message["delta"] });
        break;
      }
      case "conversation.item.input_audio_transcription.completed":
        this.#change(this.#person(message["item_id"], at), { text: message["transcript"], state: "done" });
        break;
      case "conversation.item.input_audio_transcription.failed":
        this.#change(this.#person(message["item_id"], at), { state: "failed" });
        break;
      case "response.output_item.added":
        this.#output(message["item"], at);
        break;
      case "response.output_item.done":
        this.#outputDone(message["item"], at);
        break;
      case "response.audio_transcript.delta":
      case "response.text.delta":
      case "response.function_call_arguments.delta": {
        const item = this.get(message["item_id"]);
        if (item) this.#change(item, { text: item.text + message["delta"] });
        break;
      }
      case "conversation.item.retrieved":
        this.#retrieved(message["item"]);
        break;
      case "conversation.item.deleted":
        this.#forget(message["item_id"]);
    }
  }

  /**
   * More of an item's sound.
   * @param {string} id
   * @param {Uint8Array} pcm whole samples
   */
  addSound(id, pcm) {
    const item = this.get(id);
    if (!item) return;
    item.pcm.push(pcm);
    item.soundMs += pcm.length / BYTES_PER_MS;
    item.levels.length -= item.growing;
    item.growing = 0;
    item.levels.push(...levelsOf(pcm));
    this.#bytes += pcm.length;
    this.#makeRoom();
    this.#onChange(item);
  }

  /**
   * More of what is being said: shown until `addSound` tells what of it is the item's.
   * @param {string} id
   * @param {Uint8Array} pcm whole samples
   */
  grow(id, pcm) {
    const item = this.get(id);
    if (!item) return;
    const levels = levelsOf(pcm);
    item.levels.push(...levels);
    item.growing += levels.length;
    if (item.growing % LEVELS_AT_ONCE === 0) this.#onChange(item);
  }

  /**
   * The sound of an item began to be heard, or said.
   * @param {string} id
   * @param {number} at
   */
  sounds(id, at) {
    const item = this.get(id);
    if (item) item.soundAt ??= at;
  }

  /**
   * An answer was cut where it was heard.
   * @param {string} id
   * @param {number} heardMs
   */
  cut(id, heardMs) {
    const item = this.get(id);
    if (item) this.#change(item, { heardMs });
  }

  /**
   * @param {string} id of a call
   * @param {string} answer
   * @param {boolean} stubbed
   */
  answered(id, answer, stubbed) {
    const item = this.get(id);
    if (item?.call) this.#change(item, { call: { ...item.call, answer, stubbed } });
  }

  /** The connection is gone: nothing that was under way will come to its end. */
  interrupt() {
    for (const item of this.items) {
      if (item.state === "live" || item.state === "listening" || item.state === "recognising") {
        this.#change(item, { state: item.role === "person" && item.text ? "done" : "incomplete" });
      }
    }
  }

  /** Sound as it was: what people said, and what was heard of the answers. @returns {import("./wav.js").Clip[]} */
  clips() {
    return this.items.flatMap((item) => {
      if (item.soundAt === undefined || item.pcm.length === 0) return [];
      const pcm = joined(item.pcm);
      const heard = item.heardMs === undefined ? pcm : pcm.subarray(0, 2 * Math.floor((item.heardMs * BYTES_PER_MS) / 2));
      return [{ channel: /** @type {0 | 1} */ (item.role === "assistant" ? 1 : 0), at: item.soundAt, pcm: heard }];
    });
  }

  /** What to save: everything but the sound. */
  toJSON() {
    return this.items.map(({ pcm, levels, growing, ...item }) => item);
  }

  /**
   * @param {any} item
   * @param {number} at
   */
  #created({ id, type, role, content, call_id }, at) {
    if (type === "function_call_output") this.#outputs.set(id, call_id);
    if (type !== "message" || role !== "user") return;
    const text = content?.find((/** @type {any} */ part) => part.type === "input_text")?.text;
    if (text === undefined) this.#person(id, at);
    else this.#change(this.#add(id, "person", at), { text, typed: true, state: "done" });
  }

  /**
   * @param {any} item
   * @param {number} at
   */
  #output({ id, type, name, call_id }, at) {
    if (type === "function_call") this.#change(this.#add(id, "call", at), { call: { name, callId: call_id } });
    else this.#change(this.#add(id, "assistant", at), {});
  }

  /**
   * @param {any} done
   * @param {number} at
   */
  #outputDone({ id, type, status, arguments: text }, at) {
    const item = this.get(id) ?? this.#add(id, type === "function_call" ? "call" : "assistant", at);
    this.#change(item, {
      state: status === "completed" ? "done" : "incomplete",
      ...(type === "function_call" ? { text } : {}),
    });
  }

  /** What was being said becomes no item: its audio was cleared, or nobody tells any more where it ends. */
  #givenUp() {
    const item = this.get(this.#uncommitted);
    this.#uncommitted = undefined;
    if (item) this.#change(item, { state: "incomplete" });
  }

  /** The server knows which words were heard of an answer that was cut. @param {any} retrieved */
  #retrieved({ id, content }) {
    const item = this.get(id);
    if (item?.heardMs === undefined) return;
    this.#change(item, { heardText: content?.[0]?.transcript ?? "" });
  }

  /**
   * @param {string} id
   * @param {number} at
   */
  #person(id, at) {
    return this.get(id) ?? this.#add(id, "person", at);
  }

  /**
   * @param {string} id
   * @param {Item["role"]} role
   * @param {number} at
   * @returns {Item}
   */
  #add(id, role, at) {
    /** @type {Item} */
    const item = {
      id,
      role,
      text: "",
      state: role === "person" ? "listening" : "live",
      typed: false,
      at,
      soundAt: undefined,
      levels: [],
      growing: 0,
      pcm: [],
      soundMs: 0,
      heardMs: undefined,
      heardText: undefined,
      call: undefined,
    };
    this.items.push(item);
    this.#byId.set(id, item);
    if (this.items.length > MOST_ITEMS) this.#forget(/** @type {Item} */ (this.items[0]).id);
    return item;
  }

  /**
   * @param {Item} item
   * @param {Partial<Item>} fields
   */
  #change(item, fields) {
    Object.assign(item, fields);
    this.#onChange(item);
  }

  /** @param {string} id */
  #forget(id) {
    const item = this.get(id);
    if (!item) return;
    this.#byId.delete(id);
    this.items.splice(this.items.indexOf(item), 1);
    this.#dropSound(item);
    this.#onChange(item);
  }

  #makeRoom() {
    for (const item of this.items) {
      if (this.#bytes <= MOST_BYTES) return;
      this.#dropSound(item);
    }
  }

  /** @param {Item} item */
  #dropSound(item) {
    for (const { length } of item.pcm) this.#bytes -= length;
    item.pcm = [];
  }
}

/**
 * @param {Uint8Array} pcm
 * @returns {number[]} one for each 20 ms
 */
function levelsOf(pcm) {
  const levels = [];
  for (let start = 0; start < pcm.length; start += FRAME_BYTES) {
    levels.push(levelOfPcm16(pcm.subarray(start, start + FRAME_BYTES)));
  }
  return levels;
}

/** @param {Uint8Array[]} pieces */
function joined(pieces) {
  const whole = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0));
  let end = 0;
  for (const piece of pieces) {
    whole.set(piece, end);
    end += piece.length;
  }
  return whole;
}
