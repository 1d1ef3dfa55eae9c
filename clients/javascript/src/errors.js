/**
 * What went wrong, as an `error` event, a refused handshake or this client says it.
 * @typedef {object} RTErrorDetails
 * @property {string} message
 * @property {string | null} [type]
 * @property {string | null} [code]
 * @property {string | null} [param]
 * @property {string | null} [event_id]
 * @property {number} [status]
 * @property {string} [requestId]
 */

/**
 * The one class of errors that the client's methods reject with and its iterators throw.
 *
 * `code` is the service's own, or one of these:
 *
 * - `connection_failed`: no connection came about; `cause` has the system's error
 * - `handshake_refused`: the service answered with `status` and named no code
 * - `connection_closed`: the connection ended while something was awaited
 * - `unread_overflow`: too much is unread, and what is awaited is behind it
 * - `unread_dropped`: this was left unread while too much was
 * - `malformed_event`: the service sent what is not an event of the protocol
 */
export class RTError extends Error {
  /**
   * @param {RTErrorDetails} details
   * @param {ErrorOptions} [options]
   */
  constructor(details, options) {
    super(details.message, options);
    this.name = "RTError";
    /** The kind of error, such as `invalid_request_error`. @readonly */
    this.type = details.type ?? undefined;
    /** What to tell errors apart by. @readonly */
    this.code = details.code ?? undefined;
    /** The field at fault, as a dotted path. @readonly */
    this.param = details.param ?? undefined;
    /** The `event_id` of the client's message at fault. @readonly */
    this.eventId = details.event_id ?? undefined;
    /** The HTTP status of a refused handshake; browsers do not tell it. @readonly */
    this.status = details.status;
    /** What to give to those who run the service. @readonly */
    this.requestId = details.requestId;
  }
}
