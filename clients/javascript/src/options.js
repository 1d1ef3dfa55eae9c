// Whom to connect to, and as whom.

/** @typedef {{ key: string }} KeyCredential */

/** @typedef {{ token: string, expiresOnTimestamp: number }} AccessToken */

/**
 * Any credential of @azure/identity.
 * @typedef {object} TokenCredential
 * @property {(scopes: string | string[], options?: any) => Promise<AccessToken | null>} getToken
 */

/**
 * `preview`, the shape of 2024-10-01 in which programs of this library are written; with `ga` the
 * same program talks to a service of general availability, and the client translates both ways.
 * @typedef {"preview" | "ga"} Dialect
 */

/**
 * An event as it is on the wire: in the dialect of the connection, before or after the client translates it.
 * @typedef {Record<string, unknown> & { type: string }} WireEvent
 */

/**
 * Sees every event of the connection, as soon as it was sent or came, also one that the client then refuses as
 * malformed or passes on to nobody. The event is the client's own: look, and change nothing.
 * @callback OnWire
 * @param {"in" | "out"} direction
 * @param {WireEvent} event
 * @returns {void}
 */

/**
 * @typedef {object} RTOpenAIOptions
 * @property {string} model
 * @property {string | URL} [baseURL] of another service, as in `http://127.0.0.1:8000/v1`
 * @property {Dialect} [dialect]
 * @property {number} [connectTimeoutMs] for the handshake; 30 s by default
 * @property {number} [firstEventTimeoutMs] from then to the first event; 30 s by default
 * @property {number} [maxUnreadBytes] how much may be unread; 64 MiB by default
 * @property {OnWire} [onWire] sees every event as it is on the wire
 */

/**
 * @typedef {object} RTAzureOpenAIOptions
 * @property {string} deployment
 * @property {string} [requestId] sent along, to find this connection in the service's logs; random by default
 * @property {Dialect} [dialect]
 * @property {number} [connectTimeoutMs] for the handshake; 30 s by default
 * @property {number} [firstEventTimeoutMs] from then to the first event; 30 s by default
 * @property {number} [maxUnreadBytes] how much may be unread; 64 MiB by default
 * @property {OnWire} [onWire] sees every event as it is on the wire
 */

/**
 * @typedef {[credential: KeyCredential, options: RTOpenAIOptions]
 *   | [uri: URL, credential: KeyCredential | TokenCredential, options: RTAzureOpenAIOptions]} ConnectionArguments
 */

/**
 * @param {unknown} value
 * @returns {value is KeyCredential}
 */
export function isKeyCredential(value) {
  return typeof value === "object" && value !== null && "key" in value && typeof value.key === "string";
}

/**
 * @param {unknown} value
 * @returns {value is TokenCredential}
 */
export function isTokenCredential(value) {
  return typeof value === "object" && value !== null && "getToken" in value && typeof value.getToken === "function";
}

/**
 * @param {unknown[]} args of a client, the last of which are its options
 * @returns {OnWire | undefined}
 * @throws {TypeError} if it is no function
 */
export function parseOnWire(args) {
  const { onWire } = /** @type {{ onWire?: unknown }} */ (args[args.length - 1]);
  if (onWire !== undefined && typeof onWire !== "function") throw new TypeError("onWire must be a function");
  return /** @type {OnWire | undefined} */ (onWire);
}
