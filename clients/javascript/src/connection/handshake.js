import { generateUuid } from "../identifiers.js";
import { isKeyCredential, isTokenCredential } from "../options.js";

/** @import { ConnectionArguments, Dialect, KeyCredential, TokenCredential } from "../options.js" */

/**
 * What to ask of a service, before the platform puts the credential where it can.
 * @typedef {object} Handshake
 * @property {"azure" | "openai"} service
 * @property {URL} url with the scheme ws or wss
 * @property {KeyCredential | TokenCredential} credential
 * @property {Dialect} dialect
 * @property {string} [requestId] to send along
 */

const OPENAI_BASE_URL = "https://api.openai.com/v1";
const PREVIEW_PATH = "/openai/realtime";
const PREVIEW_API_VERSION = "2024-10-01-preview";
const GA_PATH = "/openai/v1/realtime";
const TOKEN_SCOPE = "https://cognitiveservices.azure.com/.default";

/** WebSocket schemes by what users write. Browsers accept http(s) here only since 2024. */
const SCHEMES = new Map([
  ["http:", "ws:"],
  ["https:", "wss:"],
  ["ws:", "ws:"],
  ["wss:", "wss:"],
]);

/**
 * @param {ConnectionArguments} args
 * @returns {Handshake}
 * @throws {TypeError} if they are neither of the two forms
 */
export function parseArguments(args) {
  // As unknown: programs in plain JavaScript pass anything.
  const [first, second, third] = /** @type {unknown[]} */ (args);
  if (isUrl(first)) {
    if (!isKeyCredential(second) && !isTokenCredential(second)) {
      throw new TypeError("Azure OpenAI needs a credential: {key} or one with getToken()");
    }
    return azureHandshake(first, second, record(third));
  }
  if (isKeyCredential(first)) return openAIHandshake(first, record(second));
  throw new TypeError("expected (credential, {model}) or (url, credential, {deployment})");
}

/**
 * @param {URL} endpoint
 * @param {KeyCredential | TokenCredential} credential
 * @param {Record<string, unknown>} options
 * @returns {Handshake}
 */
function azureHandshake(endpoint, credential, options) {
  const dialect = parseDialect(options["dialect"]);
  const deployment = text(options, "deployment");
  const url = webSocketUrl(endpoint);
  if (dialect === "ga") {
    url.pathname = GA_PATH;
    setModel(url, deployment);
  } else {
    url.pathname = environment("AZURE_OPENAI_PATH") ?? PREVIEW_PATH;
    const version = environment("AZURE_OPENAI_API_VERSION") ?? environment("OPENAI_API_VERSION");
    url.searchParams.set("api-version", version ?? PREVIEW_API_VERSION);
    url.searchParams.set("deployment", deployment);
  }
  const requestId = options["requestId"] === undefined ? generateUuid() : text(options, "requestId");
  return { service: "azure", url, credential, dialect, requestId };
}

/**
 * @param {KeyCredential} credential
 * @param {Record<string, unknown>} options
 * @returns {Handshake}
 */
function openAIHandshake(credential, options) {
  const model = text(options, "model");
  const base = options["baseURL"] ?? OPENAI_BASE_URL;
  if (typeof base !== "string" && !isUrl(base)) throw new TypeError("baseURL must be a string or a URL");
  const url = webSocketUrl(new URL(base));
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/realtime`;
  setModel(url, model);
  return { service: "openai", url, credential, dialect: parseDialect(options["dialect"]) };
}

/**
 * @param {URL} url whose `intent=transcription` stands in the model's place (protocol: connecting, Addresses)
 * @param {string} model
 */
function setModel(url, model) {
  if (!url.searchParams.has("intent")) url.searchParams.set("model", model);
}

/**
 * @param {KeyCredential | TokenCredential} credential
 * @returns {Promise<{ key: string } | { token: string }>}
 */
export async function resolveCredential(credential) {
  if (isKeyCredential(credential)) return { key: credential.key };
  const access = await credential.getToken(TOKEN_SCOPE);
  if (!access) throw new Error("the credential gave no token");
  return { token: access.token };
}

/**
 * @param {URL} url left as it is
 * @returns {URL}
 */
function webSocketUrl(url) {
  const scheme = SCHEMES.get(url.protocol);
  if (!scheme) throw new TypeError(`expected an http(s) or ws(s) URL, got ${url.protocol}`);
  // Assigning `protocol` is refused for schemes whose default ports differ in kind; replacing is not.
  const copy = new URL(url.href.replace(url.protocol, scheme));
  copy.hash = "";
  return copy;
}

/**
 * Also a URL of another realm or polyfill, which `instanceof` would not recognise.
 * @param {unknown} value
 * @returns {value is URL}
 */
function isUrl(value) {
  return Object.prototype.toString.call(value) === "[object URL]";
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function record(value) {
  if (typeof value !== "object" || value === null) throw new TypeError("options are missing");
  return /** @type {Record<string, unknown>} */ (value);
}

/**
 * @param {Record<string, unknown>} options
 * @param {string} name
 */
function text(options, name) {
  const value = options[name];
  if (typeof value !== "string" || value === "") throw new TypeError(`${name} must be a non-empty string`);
  return value;
}

/**
 * @param {unknown} value
 * @returns {Dialect}
 */
function parseDialect(value) {
  if (value === undefined || value === "preview" || value === "ga") return value ?? "preview";
  throw new TypeError(`dialect must be "preview" or "ga", got ${JSON.stringify(value)}`);
}

/**
 * @param {string} name
 * @returns {string | undefined} undefined also if empty, and in browsers
 */
function environment(name) {
  return (typeof process !== "undefined" && process.env?.[name]) || undefined;
}
