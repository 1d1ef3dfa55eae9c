/** A quarter of an hour of PCM16 in base64. */
export const DEFAULT_MAX_UNREAD_BYTES = 64 * 1024 * 1024;

/** What an object of this library takes, about. */
export const OBJECT_BYTES = 1000;

/** A program that reads at all reads something in this time. */
const PATIENCE_MS = 30_000;

/**
 * How much of a connection is unread, in all streams together, and what happens when it is too much.
 *
 * First the oldest streams are emptied that have ended and that nobody iterates over: who comes to them later meets an
 * error. Then `onFull` is called, `onRoom` once the program has read some, and `onStall` when it reads nothing for a while.
 */
export class Backlog {
  onFull = () => {};
  onRoom = () => {};
  onStall = () => {};
  /** How many readers wait for what has not come. */
  waiting = 0;
  #limit;
  #held = 0;
  #full = false;
  #lowest = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** Ended, not iterated over, and not empty; the oldest first. @type {Set<{ shed: () => void }>} */
  #idle = new Set();

  /**
   * @param {number} [limit] in bytes
   * @param {number} [patience] in milliseconds
   */
  constructor(limit = Infinity, patience = PATIENCE_MS) {
    this.#limit = limit;
    this.patience = patience;
  }

  /** Whether nothing more should be taken from the connection. */
  get full() {
    return this.#full;
  }

  /** @param {number} size */
  add(size) {
    this.#held += size;
    if (this.#full || this.#held < this.#limit) return;
    for (const stream of this.#idle) {
      if (this.#held < this.#limit) break;
      stream.shed();
    }
    if (this.#held >= this.#limit) this.#fill();
  }

  /** @param {number} size */
  remove(size) {
    this.#held -= size;
    // Some room at a time: a socket is not worth resuming for one message.
    if (this.#full && this.#held <= (this.#limit * 15) / 16) this.#empty();
  }

  /**
   * @param {{ shed: () => void }} stream
   * @param {boolean} idle
   */
  mark(stream, idle) {
    if (idle) this.#idle.add(stream);
    else this.#idle.delete(stream);
  }

  /** Nothing more comes. */
  end() {
    this.#limit = Infinity;
    if (this.#full) this.#empty();
  }

  #fill() {
    this.#full = true;
    this.#lowest = this.#held;
    // It also keeps a program alive, as its socket did: one that is paused does not, for Node.
    this.#timer = setInterval(() => {
      if (this.#held >= this.#lowest) this.onStall();
      this.#lowest = Math.min(this.#lowest, this.#held);
    }, this.patience);
    this.onFull();
  }

  #empty() {
    this.#full = false;
    clearInterval(this.#timer);
    this.onRoom();
  }
}
