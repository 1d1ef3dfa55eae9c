/**
 * An open WebSocket, whatever makes it.
 * @typedef {object} Socket
 * @property {(text: string) => void} send
 * @property {(code: number, reason: string) => void} close begin to close; `onClose` tells when it is done
 * @property {() => void} [terminate] close without the other side, where the platform can
 * @property {() => void} [pause] read nothing, where the platform can
 * @property {() => void} [resume] read on
 * @property {string} [requestId] what the service calls this connection, where the platform can read it
 */

/**
 * What the socket tells. After `onClose` nothing more comes.
 * @typedef {object} SocketListener
 * @property {(data: unknown) => void} onMessage text as a string, anything else as it came
 * @property {(code: number, reason: string) => void} onClose only of sockets that were open
 */

/**
 * Opens a socket. Rejects with an `RTError` if the service refused, with another error if there was none, and
 * with the signal's reason if that is aborted before the socket is open.
 * @callback OpenSocket
 * @param {import("./handshake.js").Handshake} handshake
 * @param {{ key: string } | { token: string }} secret
 * @param {SocketListener} listener
 * @param {AbortSignal} signal
 * @returns {Promise<Socket>}
 */

export {};
