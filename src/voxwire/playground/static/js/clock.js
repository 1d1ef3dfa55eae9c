// The server's clock on the page's: aligned by round trips with the server's time in their middle.

/** More than the noise of one, fewer than the drift of many minutes. */
const KEPT = 12;

/** @typedef {{ rtt: number, offset: number }} Sample */

export class Clock {
  /** @type {Sample[]} */
  #samples = [];
  /** Round trips that began, by the `event_id` that began them. @type {Map<string, number>} */
  #asked = new Map();

  /**
   * @param {string} eventId of the `session.update` that asks
   * @param {number} at when it was sent, on the clock of `performance.now()`
   */
  asked(eventId, at) {
    this.#asked.set(eventId, at);
  }

  /** @param {string} eventId of an update that was refused: no answer will come */
  refused(eventId) {
    this.#asked.delete(eventId);
  }

  /**
   * @param {number} serverMs the server's clock when it answered
   * @param {number} at when the answer was here
   */
  answered(serverMs, at) {
    // Updates are answered in order.
    const [oldest] = this.#asked;
    if (!oldest) return;
    const [eventId, began] = oldest;
    this.#asked.delete(eventId);
    this.#samples.push({ rtt: at - began, offset: (began + at) / 2 - serverMs });
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** The quickest round trip leaves the least room for error. @returns {Sample | undefined} */
  get best() {
    return this.#samples.reduce(
      (/** @type {Sample | undefined} */ best, sample) => (best && best.rtt <= sample.rtt ? best : sample),
      undefined,
    );
  }

  get count() {
    return this.#samples.length;
  }

  /**
   * @param {number | null | undefined} serverMs
   * @returns {number | undefined} on the clock of `performance.now()`; undefined while that is not known
   */
  toPage(serverMs) {
    const best = this.best;
    return serverMs === null || serverMs === undefined || !best ? undefined : serverMs + best.offset;
  }
}
