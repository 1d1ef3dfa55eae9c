// What the server tells by ordinary requests: its deployments, and why it refuses a connection.

/** Why there is no connection. `code` is part of a key of the texts. */
export class ConnectionError extends Error {
  /**
   * @param {"key" | "badKey" | "deployment" | "unreachable" | "full" | "unknown" | "noDeployment"} code
   * @param {{ requestId?: string | null, detail?: string }} [more]
   */
  constructor(code, { requestId, detail } = {}) {
    super(detail ?? code);
    this.code = code;
    this.requestId = requestId ?? undefined;
  }
}

/** @returns {URL} where the API is, beside the page */
export function apiUrl() {
  return new URL("v1", document.baseURI);
}

/** @typedef {{ id: string, label?: string, ready?: boolean, voices?: string[] | null, stored?: string | null }} Deployment */

/**
 * @param {string} key
 * @returns {Promise<Deployment[]>} rejects with `ConnectionError`
 */
export async function listDeployments(key) {
  const { data } = await (await request("models", key)).json();
  return data;
}

/**
 * Browsers do not tell why a WebSocket was refused; an ordinary request is told.
 * @param {string} key
 * @param {string} deployment
 * @param {unknown} cause
 */
export async function explain(key, deployment, cause) {
  try {
    await request(`models/${encodeURIComponent(deployment)}`, key);
  } catch (error) {
    return error;
  }
  return new ConnectionError("unknown", { detail: String(cause) });
}

/**
 * No deployment was chosen. With a key that is missing or wrong there was nothing to choose from: that comes first.
 * @param {string} key
 */
export async function explainNoDeployment(key) {
  try {
    await request("models", key);
  } catch (error) {
    return error;
  }
  return new ConnectionError("noDeployment");
}

/**
 * @param {string} path
 * @param {string} key
 */
async function request(path, key) {
  let response;
  try {
    const headers = key ? { authorization: `Bearer ${key}` } : undefined;
    response = await fetch(`${apiUrl()}/${path}`, { headers, signal: AbortSignal.timeout(10_000) });
  } catch (cause) {
    throw new ConnectionError("unreachable", { detail: String(cause) });
  }
  if (response.ok) return response;
  const requestId = response.headers.get("x-request-id");
  if (response.status === 401 || response.status === 403) throw new ConnectionError("key", { requestId });
  if (response.status === 404) throw new ConnectionError("deployment", { requestId });
  if (response.status === 503 || response.status === 429) throw new ConnectionError("full", { requestId });
  throw new ConnectionError("unknown", { requestId });
}
