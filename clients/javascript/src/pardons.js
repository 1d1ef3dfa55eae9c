import { generateId } from "./identifiers.js";

/** More than a program could have under way at once. */
const CAPACITY = 16;

/**
 * Messages that may fail without harm. To cancel what has just ended by itself is an error to the
 * service; to a program, whose message crossed `response.done` on the wire, it is none.
 */
export class Pardons {
  /** @type {Set<unknown>} */
  #ids = new Set();

  /** @returns {string} an `event_id` for such a message */
  grant() {
    const id = generateId("event");
    this.#ids.add(id);
    if (this.#ids.size > CAPACITY) this.#ids.delete(this.#ids.values().next().value);
    return id;
  }

  /**
   * @param {unknown} id of the message that an `error` is about
   * @returns {boolean} whether to overlook it
   */
  use(id) {
    return this.#ids.delete(id);
  }
}
