/** A first-in, first-out store of samples that grows when it must, up to a limit. */
export class SampleRing {
  #samples;
  #limit;
  #start = 0;
  #length = 0;

  /**
   * @param {number} capacity samples it has room for from the beginning
   * @param {number} limit samples it may ever hold
   */
  constructor(capacity, limit) {
    this.#samples = new Float32Array(Math.min(capacity, limit));
    this.#limit = limit;
  }

  /** Samples in it. */
  get length() {
    return this.#length;
  }

  /**
   * @param {Float32Array} samples
   * @returns {number} how many of them were taken, from the first on: fewer at the limit
   */
  push(samples) {
    const taken = samples.subarray(0, this.#limit - this.#length);
    this.#reserve(this.#length + taken.length);
    const capacity = this.#samples.length;
    const end = (this.#start + this.#length) % capacity;
    const first = taken.subarray(0, capacity - end);
    this.#samples.set(first, end);
    this.#samples.set(taken.subarray(first.length), 0);
    this.#length += taken.length;
    return taken.length;
  }

  /**
   * @param {Float32Array} into
   * @returns {number} how many samples were there; the rest of `into` is left as it was
   */
  pull(into) {
    const count = Math.min(into.length, this.#length);
    this.#copy(into.subarray(0, count));
    this.drop(count);
    return count;
  }

  /** @param {number} count of the oldest samples, at most as many as there are */
  drop(count) {
    const dropped = Math.min(count, this.#length);
    this.#start = (this.#start + dropped) % this.#samples.length;
    this.#length -= dropped;
  }

  clear() {
    this.drop(this.#length);
  }

  /** @param {Float32Array} into as long as there are samples */
  #copy(into) {
    const first = this.#samples.subarray(this.#start, this.#start + into.length);
    into.set(first);
    into.set(this.#samples.subarray(0, into.length - first.length), first.length);
  }

  /** @param {number} count at most the limit */
  #reserve(count) {
    if (count <= this.#samples.length) return;
    // Doubling keeps allocations, which the audio thread should not make, rare.
    const larger = new Float32Array(Math.min(this.#limit, Math.max(count, 2 * this.#samples.length)));
    this.#copy(larger.subarray(0, this.#length));
    this.#samples = larger;
    this.#start = 0;
  }
}
