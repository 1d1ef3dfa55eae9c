import assert from "node:assert/strict";
import test from "node:test";
import { browserRequest } from "../src/connection/browser.js";
import { parseArguments, resolveCredential } from "../src/connection/handshake.js";
import { nodeHeaders } from "../src/connection/node.js";
import { VERSION } from "../src/version.js";

const key = { key: "secret" };
const deployment = "dep 1/x";
const endpoint = () => new URL("https://example.test/some/path?team=a#fragment");

/**
 * @param {import("node:test").TestContext} t
 * @param {Record<string, string | undefined>} variables
 */
function environment(t, variables) {
  const before = { ...process.env };
  t.after(() => (process.env = before));
  for (const name of ["AZURE_OPENAI_PATH", "AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"]) delete process.env[name];
  Object.assign(process.env, variables);
}

test("Azure: the endpoint's own query stays, its path does not", (t) => {
  environment(t, {});
  const given = endpoint();
  const { url } = parseArguments([given, key, { deployment }]);
  assert.equal(
    url.href,
    "wss://example.test/openai/realtime?team=a&api-version=2024-10-01-preview&deployment=dep+1%2Fx",
  );
  assert.equal(given.href, endpoint().href);
});

test("Azure: path and version come from the environment", (t) => {
  environment(t, { OPENAI_API_VERSION: "2025-04-01-preview", AZURE_OPENAI_PATH: "/gateway/realtime" });
  const { url } = parseArguments([endpoint(), key, { deployment }]);
  assert.equal(url.pathname, "/gateway/realtime");
  assert.equal(url.searchParams.get("api-version"), "2025-04-01-preview");
  process.env["AZURE_OPENAI_API_VERSION"] = "2024-12-17";
  const second = parseArguments([endpoint(), key, { deployment }]);
  assert.equal(second.url.searchParams.get("api-version"), "2024-12-17");
});

test("Azure, general availability: the deployment is the model, and there is no version", () => {
  const { url } = parseArguments([new URL("http://127.0.0.1:8000"), key, { deployment, dialect: "ga" }]);
  assert.equal(url.href, "ws://127.0.0.1:8000/openai/v1/realtime?model=dep+1%2Fx");
});

test("OpenAI: the vendor's host, or the base URL that is given", () => {
  assert.equal(parseArguments([key, { model: "m" }]).url.href, "wss://api.openai.com/v1/realtime?model=m");
  for (const baseURL of ["http://127.0.0.1:8000/v1", "ws://127.0.0.1:8000/v1/", new URL("http://127.0.0.1:8000/v1")]) {
    assert.equal(parseArguments([key, { model: "m", baseURL }]).url.href, "ws://127.0.0.1:8000/v1/realtime?model=m");
  }
});

test("an intent stands in the model's place", () => {
  const azure = parseArguments([new URL("ws://host.test?intent=transcription"), key, { deployment, dialect: "ga" }]);
  assert.equal(azure.url.href, "ws://host.test/openai/v1/realtime?intent=transcription");
  const openai = parseArguments([key, { model: "m", baseURL: "ws://host.test/v1?intent=transcription" }]);
  assert.equal(openai.url.href, "ws://host.test/v1/realtime?intent=transcription");
});

test("anything but the two forms is refused with what is missing", () => {
  const wrong = /** @type {[unknown[], RegExp][]} */ ([
    [[], /expected \(credential, \{model\}\)/],
    [["https://example.test", key, { deployment }], /expected/],
    [[endpoint(), {}, { deployment }], /credential/],
    [[endpoint(), key], /options are missing/],
    [[endpoint(), key, {}], /deployment must be/],
    [[endpoint(), key, { deployment: "" }], /deployment must be/],
    [[endpoint(), key, { deployment, dialect: "beta" }], /dialect must be/],
    [[endpoint(), key, { deployment, requestId: 7 }], /requestId must be/],
    [[new URL("ftp://example.test"), key, { deployment }], /expected an http/],
    [[key, {}], /model must be/],
    [[key, { model: "m", baseURL: 7 }], /baseURL must be/],
    [[{ getToken: async () => null }, { model: "m" }], /expected/],
  ]);
  for (const [args, message] of wrong) {
    // @ts-expect-error what plain JavaScript can pass
    assert.throws(() => parseArguments(args), { name: "TypeError", message });
  }
});

test("a token is asked for the scope of Azure's services", async () => {
  /** @type {unknown[]} */
  const scopes = [];
  const credential = {
    async getToken(/** @type {string | string[]} */ scope) {
      scopes.push(scope);
      return { token: "jwt", expiresOnTimestamp: 0 };
    },
  };
  assert.deepEqual(await resolveCredential(credential), { token: "jwt" });
  assert.deepEqual(scopes, ["https://cognitiveservices.azure.com/.default"]);
  await assert.rejects(resolveCredential({ getToken: async () => null }), /no token/);
});

test("Node puts the credential into headers", () => {
  const azure = parseArguments([endpoint(), key, { deployment, requestId: "r-1" }]);
  const agent = { "user-agent": `ms-rtclient/${VERSION}` };
  assert.deepEqual(nodeHeaders(azure, key), { ...agent, "api-key": "secret", "x-ms-client-request-id": "r-1" });
  assert.deepEqual(nodeHeaders(azure, { token: "jwt" }), {
    ...agent,
    "authorization": "Bearer jwt",
    "x-ms-client-request-id": "r-1",
  });
  const openai = parseArguments([key, { model: "m" }]);
  assert.deepEqual(nodeHeaders(openai, key), { ...agent, "authorization": "Bearer secret", "openai-beta": "realtime=v1" });
  const ga = parseArguments([key, { model: "m", dialect: "ga" }]);
  assert.deepEqual(nodeHeaders(ga, key), { ...agent, authorization: "Bearer secret" });
});

test("browsers put it into the query or a subprotocol", () => {
  const azure = parseArguments([endpoint(), key, { deployment, requestId: "r-1" }]);
  const withKey = browserRequest(azure, key);
  assert.equal(withKey.url.searchParams.get("api-key"), "secret");
  assert.equal(withKey.url.searchParams.get("x-ms-client-request-id"), "r-1");
  assert.deepEqual(withKey.protocols, []);
  const withToken = browserRequest(azure, { token: "jwt" });
  assert.match(withToken.url.search, /Authorization=Bearer\+jwt/);
  assert.equal(azure.url.searchParams.has("Authorization"), false);

  const openai = browserRequest(parseArguments([key, { model: "m" }]), key);
  assert.deepEqual(openai.protocols, ["realtime", "openai-insecure-api-key.secret", "openai-beta.realtime-v1"]);
  assert.doesNotMatch(openai.url.href, /secret/);
  const ga = browserRequest(parseArguments([key, { model: "m", dialect: "ga" }]), key);
  assert.deepEqual(ga.protocols, ["realtime", "openai-insecure-api-key.secret"]);
});

test("a request id is made up where none is given", () => {
  const { requestId } = parseArguments([endpoint(), key, { deployment }]);
  assert.match(String(requestId), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
