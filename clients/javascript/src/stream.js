import { Backlog } from "./backlog.js";
import { RTError } from "./errors.js";

/**
 * A queue with an end, between what a connection delivers and a program that iterates.
 *
 * Values wait until they are taken. The end comes after the last value, as a plain end or as an
 * error, and stays: every later reader meets it too.
 *
 * @template T
 * @implements {AsyncIterable<T>}
 */
export class Stream {
  /** @type {{ value: T, size: number }[]} */
  #values = [];
  /** @type {{ resolve: (result: IteratorResult<T, undefined>) => void, reject: (error: unknown) => void }[]} */
  #readers = [];
  #ended = false;
  /** @type {Error | undefined} */
  #error;
  #backlog;
  #iterations = 0;

  /**
   * @param {number} [capacity] how many values may wait; beyond it the oldest are dropped
   * @param {Backlog} [backlog] where the bytes of what waits are counted
   */
  constructor(capacity = Infinity, backlog = new Backlog()) {
    this.capacity = capacity;
    this.#backlog = backlog;
  }

  /** How many readers wait. */
  get waiting() {
    return this.#readers.length;
  }

  /**
   * @param {T} value ignored after the end
   * @param {number} [size] in bytes, about
   */
  push(value, size = 0) {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader) {
      this.#backlog.waiting--;
      reader.resolve({ done: false, value });
      return;
    }
    this.#values.push({ value, size });
    if (this.#values.length > this.capacity) this.#take();
    this.#backlog.add(size);
  }

  /** @param {Error} [error] what readers meet once the waiting values are taken; without it, a plain end */
  end(error) {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#backlog.waiting -= this.#readers.length;
    for (const reader of this.#readers.splice(0)) this.#finish(reader);
    this.#mark();
  }

  /** Let go of what waits; who comes for it meets an error. */
  shed() {
    for (const { size } of this.#values.splice(0)) this.#backlog.remove(size);
    this.#error = new RTError({ message: "this was left unread for too long, and dropped", code: "unread_dropped" });
    this.#mark();
  }

  /** @returns {Promise<IteratorResult<T, undefined>>} */
  next() {
    return new Promise((resolve, reject) => {
      if (this.#values.length > 0) {
        resolve({ done: false, value: this.#take() });
      } else if (this.#ended) {
        this.#finish({ resolve, reject });
      } else {
        this.#backlog.waiting++;
        this.#readers.push({ resolve, reject });
      }
    });
  }

  /** @returns {T} the oldest value, which there must be */
  #take() {
    const { value, size } = /** @type {{ value: T, size: number }} */ (this.#values.shift());
    this.#backlog.remove(size);
    return value;
  }

  /** Whether what waits may be let go: nothing more comes to it, and nobody is reading it. */
  #mark() {
    this.#backlog.mark(this, this.#ended && this.#iterations === 0 && this.#values.length > 0);
  }

  /** @param {{ resolve: (result: IteratorResult<T, undefined>) => void, reject: (error: unknown) => void }} reader */
  #finish({ resolve, reject }) {
    if (this.#error) reject(this.#error);
    else resolve({ done: true, value: undefined });
  }

  /**
   * Leaving the iteration leaves the rest to the next one.
   * @returns {AsyncGenerator<T, void, undefined>}
   */
  async *[Symbol.asyncIterator]() {
    this.#iterations++;
    this.#mark();
    try {
      for (;;) {
        const result = await this.next();
        if (result.done) return;
        yield result.value;
      }
    } finally {
      this.#iterations--;
      this.#mark();
    }
  }
}
