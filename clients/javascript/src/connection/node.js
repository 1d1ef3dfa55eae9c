import { RTError } from "../errors.js";
import { VERSION } from "../version.js";

/** Of a refusal's body as much as an error message may need. */
const MAX_BODY_LENGTH = 65_536;

/** The largest message of the service holds a whole item's audio. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/**
 * Node: the credential travels in headers, and a refusal is told with all that the service said.
 * @type {import("./socket.js").OpenSocket}
 */
export async function openSocket(handshake, secret, listener, signal) {
  // Not at the top of the module: browsers load it too, and have no package of this name.
  const { WebSocket } = await import("ws");
  return new Promise((resolve, reject) => {
    // Compression costs more time per audio frame than it saves: base64 of speech hardly shrinks.
    const socket = new WebSocket(handshake.url, {
      headers: nodeHeaders(handshake, secret),
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
    });
    /** @type {string | undefined} */
    let requestId;
    let open = false;
    const abort = () => {
      reject(signal.reason);
      socket.terminate();
    };
    signal.addEventListener("abort", abort);
    socket.on("upgrade", (response) => {
      requestId = requestIdOf(response.headers);
    });
    socket.on("unexpected-response", (request, response) => {
      readBody(response).then(
        (body) => {
          signal.removeEventListener("abort", abort);
          reject(refusal(handshake, response, body));
          request.destroy();
        },
        reject,
      );
    });
    socket.on("open", () => {
      signal.removeEventListener("abort", abort);
      open = true;
      resolve({
        requestId,
        send: (text) => socket.send(text),
        close: (code, reason) => socket.close(code, reason),
        terminate: () => socket.terminate(),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
      });
    });
    socket.on("message", (data, isBinary) => listener.onMessage(isBinary ? data : data.toString()));
    // Before the socket is open this is the failure; afterwards `close` follows and tells the code.
    socket.on("error", reject);
    socket.on("close", (code, reason) => {
      signal.removeEventListener("abort", abort);
      if (open) listener.onClose(code, reason.toString());
    });
  });
}

/**
 * @param {import("./handshake.js").Handshake} handshake
 * @param {{ key: string } | { token: string }} secret
 * @returns {Record<string, string>}
 */
export function nodeHeaders(handshake, secret) {
  /** @type {Record<string, string>} */
  const headers = { "user-agent": `ms-rtclient/${VERSION}` };
  if (handshake.service === "azure" && "key" in secret) headers["api-key"] = secret.key;
  else headers["authorization"] = `Bearer ${"key" in secret ? secret.key : secret.token}`;
  if (handshake.requestId) headers["x-ms-client-request-id"] = handshake.requestId;
  if (handshake.service === "openai" && handshake.dialect === "preview") headers["openai-beta"] = "realtime=v1";
  return headers;
}

/**
 * @param {import("./handshake.js").Handshake} handshake
 * @param {import("node:http").IncomingMessage} response
 * @param {string} body
 */
function refusal(handshake, response, body) {
  const status = response.statusCode ?? 0;
  const error = errorOf(body);
  return new RTError({
    message: `the service refused the connection with status ${status}${error.message ? `: ${error.message}` : ""}`,
    type: error.type,
    code: error.code ?? "handshake_refused",
    param: error.param,
    status,
    requestId: requestIdOf(response.headers) ?? handshake.requestId,
  });
}

/**
 * @param {string} body of the form `{"error": {message, type, param, code}}`, or anything else
 * @returns {{ message?: string, type?: string, code?: string, param?: string }}
 */
function errorOf(body) {
  let parsed;
  try {
    parsed = JSON.parse(body);
  } catch {
    return {}; // Gateways answer with HTML; the status says enough.
  }
  const error = parsed?.error;
  if (typeof error !== "object" || error === null) return {};
  const texts = Object.entries(error).filter(([, value]) => typeof value === "string");
  return Object.fromEntries(texts);
}

/**
 * @param {import("node:http").IncomingMessage} response
 * @returns {Promise<string>}
 */
async function readBody(response) {
  let body = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    body += chunk;
    if (body.length > MAX_BODY_LENGTH) break;
  }
  return body;
}

/**
 * @param {import("node:http").IncomingHttpHeaders} headers
 * @returns {string | undefined}
 */
function requestIdOf(headers) {
  for (const name of ["x-request-id", "apim-request-id", "x-ms-client-request-id"]) {
    const value = headers[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}
