import { Deferred } from "./deferred.js";

/**
 * What the program waits for, by what it waits for. The protocol has no replies as such: an
 * acknowledgement goes to the one who asked for its kind first.
 */
export class Acknowledgements {
  /** @type {Map<string, Deferred<any>[]>} */
  #waiting = new Map();
  /** @type {Error | undefined} */
  #error;

  /**
   * @template T
   * @param {string} kind
   * @returns {Deferred<T>} rejected once there is nothing more to wait for
   */
  expect(kind) {
    /** @type {Deferred<T>} */
    const deferred = new Deferred();
    if (this.#error) deferred.reject(this.#error);
    else this.#waiting.set(kind, [...(this.#waiting.get(kind) ?? []), deferred]);
    return deferred;
  }

  /**
   * @param {string} kind
   * @param {Deferred<any>} deferred no longer awaited
   */
  withdraw(kind, deferred) {
    this.#keep(kind, (this.#waiting.get(kind) ?? []).filter((other) => other !== deferred));
  }

  /**
   * @param {string} kind
   * @param {unknown} value
   * @returns {boolean} whether anybody waited
   */
  settle(kind, value) {
    const [first, ...others] = this.#waiting.get(kind) ?? [];
    this.#keep(kind, others);
    first?.resolve(value);
    return first !== undefined;
  }

  /** Whether anything is awaited. */
  get any() {
    return this.#waiting.size > 0;
  }

  /** @param {Error} error for all who wait, and all who will */
  fail(error) {
    this.#error ??= error;
    for (const deferred of [...this.#waiting.values()].flat()) deferred.reject(error);
    this.#waiting.clear();
  }

  /**
   * @param {string} kind
   * @param {Deferred<any>[]} waiting
   */
  #keep(kind, waiting) {
    if (waiting.length > 0) this.#waiting.set(kind, waiting);
    else this.#waiting.delete(kind);
  }
}
