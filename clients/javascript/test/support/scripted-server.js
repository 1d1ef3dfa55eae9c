import { once } from "node:events";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { Stream } from "../../src/stream.js";

/** @typedef {Record<string, any> & { type: string }} Message */

/** One connection, from the service's side. */
export class Peer {
  /** @type {Stream<Message>} */
  #received = new Stream();
  #events = 0;

  /**
   * @param {import("ws").WebSocket} socket
   * @param {import("node:http").IncomingMessage} request
   */
  constructor(socket, request) {
    this.socket = socket;
    this.request = request;
    socket.on("message", (data) => this.#received.push(JSON.parse(data.toString())));
    socket.on("close", () => this.#received.end());
  }

  /** @param {Message[]} events */
  send(...events) {
    for (const event of events) {
      this.socket.send(JSON.stringify({ event_id: `event_${++this.#events}`, ...event }));
    }
  }

  /**
   * @param {string} type that the next message must have
   * @returns {Promise<Message>}
   */
  async receive(type) {
    const { value } = await this.#received.next();
    if (value?.type !== type) throw new Error(`expected ${type}, got ${value ? JSON.stringify(value) : "the end"}`);
    return value;
  }

  /** @returns {Promise<void>} when the client has closed */
  async ended() {
    const { value, done } = await this.#received.next();
    if (!done) throw new Error(`expected the end, got ${JSON.stringify(value)}`);
  }
}

/**
 * A service that plays a script with the first client, then closes; failures of the script fail the test.
 * @param {import("node:test").TestContext} t
 * @param {(peer: Peer) => Promise<void> | void} script
 * @returns {Promise<{ url: URL, played: Promise<void>, peer: () => Peer }>}
 */
export async function serve(t, script) {
  const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "realtime" });
  await once(sockets, "listening");
  /** @type {Peer | undefined} */
  let connected;
  const played = once(sockets, "connection").then(async ([socket, request]) => {
    connected = new Peer(socket, request);
    await script(connected);
  });
  played.catch(() => {}); // The test awaits it; until then nobody need.
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  });
  const peer = () => {
    if (!connected) throw new Error("nobody has connected");
    return connected;
  };
  return { url: address(sockets), played, peer };
}

/**
 * A service that refuses every handshake.
 * @param {import("node:test").TestContext} t
 * @param {number} status
 * @param {Record<string, string>} headers
 * @param {string} body
 */
export async function refuse(t, status, headers, body) {
  const server = createServer();
  server.on("upgrade", (_, socket) => {
    socket.on("error", () => {}); // The client may hang up before it has read all.
    const lines = Object.entries({ ...headers, "content-length": Buffer.byteLength(body), connection: "close" });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    socket.end(`HTTP/1.1 ${status} Refused\r\n${head}\r\n${body}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return address(server);
}

/** @param {{ address: () => unknown }} server */
function address(server) {
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return new URL(`http://127.0.0.1:${port}`);
}
