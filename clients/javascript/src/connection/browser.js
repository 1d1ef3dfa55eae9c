/**
 * Browsers let a page set no headers, so the credential travels in the query (Azure) or as a
 * subprotocol (OpenAI). Nor do they tell why a handshake was refused.
 * @type {import("./socket.js").OpenSocket}
 */
export function openSocket(handshake, secret, listener, signal) {
  const { url, protocols } = browserRequest(handshake, secret);
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols);
    let open = false;
    const abort = () => {
      reject(signal.reason);
      socket.close();
    };
    signal.addEventListener("abort", abort);
    socket.onopen = () => {
      signal.removeEventListener("abort", abort);
      open = true;
      resolve({ send: (text) => socket.send(text), close: (code, reason) => socket.close(code, reason) });
    };
    // `close` follows and says as much; but whatever stands in for a browser's WebSocket may insist on a listener.
    socket.onerror = () => {};
    socket.onmessage = (event) => listener.onMessage(event.data);
    socket.onclose = (event) => {
      signal.removeEventListener("abort", abort);
      if (open) listener.onClose(event.code, event.reason);
      else reject(new Error("browsers do not tell why"));
    };
  });
}

/**
 * @param {import("./handshake.js").Handshake} handshake
 * @param {{ key: string } | { token: string }} secret
 * @returns {{ url: URL, protocols: string[] }}
 */
export function browserRequest(handshake, secret) {
  const url = new URL(handshake.url);
  if (handshake.service === "azure") {
    if ("key" in secret) url.searchParams.set("api-key", secret.key);
    else url.searchParams.set("Authorization", `Bearer ${secret.token}`);
    if (handshake.requestId) url.searchParams.set("x-ms-client-request-id", handshake.requestId);
    return { url, protocols: [] };
  }
  const key = "key" in secret ? secret.key : secret.token;
  const protocols = ["realtime", `openai-insecure-api-key.${key}`];
  if (handshake.dialect === "preview") protocols.push("openai-beta.realtime-v1");
  return { url, protocols };
}
