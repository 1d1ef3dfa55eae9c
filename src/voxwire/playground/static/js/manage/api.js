// The server's REST routes, asked with the key of this tab.

import { loadKey, saveKey } from "../settings.js";

let key = loadKey();

/** @param {string} value empty: none */
export function useKey(value) {
  key = value.trim();
  saveKey(key);
}

export function hasKey() {
  return key !== "";
}

/** The server refused a request, or could not be reached (`status` 0). `param` names the field that is meant. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {{ code?: string | null, param?: string | null }} [more]
   */
  constructor(status, message, { code, param } = {}) {
    super(message);
    this.status = status;
    this.code = code ?? "";
    this.param = param ?? "";
  }
}

/**
 * @typedef {object} Question
 * @property {Record<string, string | number | undefined>} [query]
 * @property {unknown} [body] sent as JSON
 * @property {string | null} [etag] the form that was seen
 */

/**
 * @param {string} method
 * @param {string} path below `/admin/v1/`, its parts encoded
 * @param {Question} [question]
 * @returns {Promise<any>} what the answer holds; rejects with `Refused`
 */
export async function ask(method, path, question = {}) {
  const response = await send(method, path, question);
  return response.status === 204 ? undefined : response.json();
}

/**
 * @param {string} path
 * @param {Question["query"]} [query]
 * @returns {Promise<Blob>}
 */
export async function fetchBlob(path, query) {
  return (await send("GET", path, { query })).blob();
}

/**
 * All entries of a list, page after page.
 * @param {string} path
 * @param {Question["query"]} [query]
 * @returns {Promise<any[]>}
 */
export async function all(path, query = {}) {
  const found = [];
  for (let after; ; ) {
    const page = await ask("GET", path, { query: { ...query, limit: 1000, after } });
    found.push(...page.data);
    if (!page.has_more) return found;
    after = page.last_id;
  }
}

/** @param {string[]} names @returns {string} a path of them */
export function pathOf(...names) {
  return names.map(encodeURIComponent).join("/");
}

/** Where the server is, without a slash at the end. */
export function serverUrl() {
  return new URL(".", document.baseURI).href.replace(/\/$/, "");
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Question} question
 */
async function send(method, path, { query = {}, body, etag }) {
  const url = new URL(`admin/v1/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  /** @type {Record<string, string>} */
  const headers = {};
  if (key) headers["authorization"] = `Bearer ${key}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  if (etag) headers["if-match"] = etag;
  let response;
  try {
    response = await fetch(url, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  } catch (cause) {
    throw new Refused(0, String(cause));
  }
  if (response.ok) return response;
  throw await refusal(response);
}

/** @param {Response} response */
async function refusal(response) {
  try {
    const { error } = await response.json();
    return new Refused(response.status, error.message, error);
  } catch {
    return new Refused(response.status, response.statusText); // not of this server
  }
}
