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
  /** @type {T[]} */
  #values = [];
  /** @type {{ resolve: (result: IteratorResult<T, undefined>) => void, reject: (error: unknown) => void }[]} */
  #readers = [];
  #ended = false;
  /** @type {Error | undefined} */
  #error;

  /** @param {number} [capacity] how many values may wait; beyond it the oldest are dropped */
  constructor(capacity = Infinity) {
    this.capacity = capacity;
  }

  /** @param {T} value ignored after the end */
  push(value) {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader) {
      reader.resolve({ done: false, value });
      return;
    }
    this.#values.push(value);
    if (this.#values.length > this.capacity) this.#values.shift();
  }

  /** @param {Error} [error] what readers meet once the waiting values are taken; without it, a plain end */
  end(error) {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    for (const reader of this.#readers.splice(0)) this.#finish(reader);
  }

  /** @returns {Promise<IteratorResult<T, undefined>>} */
  next() {
    return new Promise((resolve, reject) => {
      if (this.#values.length > 0) {
        resolve({ done: false, value: /** @type {T} */ (this.#values.shift()) });
      } else if (this.#ended) {
        this.#finish({ resolve, reject });
      } else {
        this.#readers.push({ resolve, reject });
      }
    });
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
    for (;;) {
      const result = await this.next();
      if (result.done) return;
      yield result.value;
    }
  }
}
