// The session's settings follow the page's; on the way the clocks are aligned.

import { Clock } from "./clock.js";
import { newEventId } from "./event-id.js";
import { changesOf } from "./settings.js";

/** @import { Message } from "./wire.js" */

/** Round trips at the beginning: the best of a few is close to the best of many. */
const ROUND_TRIPS = 5;

/** Of one connection. */
export class SessionSync {
  clock = new Clock();
  /** What the session confirmed. @type {Record<string, unknown>} */
  #confirmed = {};
  /** What it was sent and did not answer yet, by the message. @type {Map<string, Record<string, unknown>>} */
  #updates = new Map();
  #roundTrips = 0;
  #send;

  /** @param {(message: Message) => number} send tells when it was sent */
  constructor(send) {
    this.#send = send;
  }

  /**
   * Send what differs from what the session has, or will have.
   * @param {Record<string, unknown>} wanted
   */
  update(wanted) {
    const changes = changesOf(Object.assign({}, this.#confirmed, ...this.#updates.values()), wanted);
    if (changes) this.#update(changes);
  }

  /**
   * @param {Message} message
   * @param {number} at
   */
  take(message, at) {
    switch (message.type) {
      case "session.updated": {
        // Updates are answered in order.
        const [oldest] = this.#updates;
        if (!oldest) return;
        this.#updates.delete(oldest[0]);
        Object.assign(this.#confirmed, oldest[1]);
        break;
      }
      case "voxwire.clock":
        this.clock.answered(message["now_ms"], at);
        this.#roundTrips++;
        if (this.#roundTrips < ROUND_TRIPS) this.#update({});
        break;
      case "error": {
        const eventId = message["error"]?.["event_id"];
        // Refused as a whole: what it would have changed is still to be changed.
        if (this.#updates.delete(eventId)) this.clock.refused(eventId);
      }
    }
  }

  /** @param {Record<string, unknown>} session */
  #update(session) {
    const eventId = newEventId();
    this.#updates.set(eventId, session);
    const at = this.#send({ type: "session.update", event_id: eventId, session });
    if ("include" in session || "include" in this.#confirmed) this.clock.asked(eventId, at);
  }
}
