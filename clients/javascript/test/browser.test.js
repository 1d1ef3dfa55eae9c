// The bundle for browsers, on a WebSocket that behaves like theirs.

import assert from "node:assert/strict";
import test from "node:test";
import { WebSocket } from "ws";
import { refuse, serve } from "./support/scripted-server.js";
import { created, done, itemBegins, messageItem, sessionCreated, speech } from "./support/events.js";

// ws has the interface of browsers, too; Node has none before version 22.
Object.assign(globalThis, { WebSocket });
const bundle = new URL("../dist/browser/index.js", import.meta.url).href;
/** @type {typeof import("../src/index.js")} */
const { LowLevelRTClient, RTClient } = await import(bundle);

test("Azure: the credential is in the query", async (t) => {
  const { url, played, peer } = await serve(t, async (peer) => {
    peer.send(sessionCreated);
    await peer.receive("response.create");
    peer.send(created("resp_1"), done("resp_1"));
    peer.socket.close(1000);
  });
  const client = new RTClient(url, { key: "secret" }, { deployment: "dep1", requestId: "my-id" });
  assert.equal((await client.generateResponse())?.id, "resp_1");
  await played;
  const query = new URLSearchParams(peer().request.url?.split("?")[1]);
  assert.deepEqual(Object.fromEntries(query), {
    "api-version": "2024-10-01-preview",
    "deployment": "dep1",
    "api-key": "secret",
    "x-ms-client-request-id": "my-id",
  });
  assert.equal(peer().request.headers["api-key"], undefined);
  await client.close();
});

test("OpenAI: the credential is a subprotocol", async (t) => {
  const { url, peer } = await serve(t, (peer) => peer.send(sessionCreated));
  const client = new RTClient({ key: "secret" }, { model: "m", baseURL: new URL("/v1", url) });
  await client.init();
  assert.equal(
    peer().request.headers["sec-websocket-protocol"],
    "realtime,openai-insecure-api-key.secret,openai-beta.realtime-v1",
  );
  await client.close();
});

test("init rejects after a refused handshake, of which browsers tell no more", async (t) => {
  const url = await refuse(t, 401, {}, "");
  const client = new RTClient(url, { key: "secret" }, { deployment: "dep1" });
  await assert.rejects(client.init(), { name: "RTError", code: "connection_failed", status: undefined, requestId: client.requestId });
});

test("init rejects if the key cannot be a subprotocol", async () => {
  const client = new RTClient({ key: "has spaces, and commas" }, { model: "m", baseURL: "ws://127.0.0.1:1/v1" });
  await assert.rejects(client.init(), { name: "RTError", code: "connection_failed" });
});

test("a malformed event closes with a code that pages may use", async (t) => {
  const { url, peer } = await serve(t, (peer) => peer.socket.send("{"));
  const client = new LowLevelRTClient(url, { key: "secret" }, { deployment: "dep1" });
  await assert.rejects(client.messages().next(), { code: "malformed_event" });
  const [code] = await new Promise((resolve) => peer().socket.on("close", (...args) => resolve(args)));
  assert.equal(code, 4007);
});

test("a page that leaves too much unread loses the connection: its WebSocket cannot be paused", async (t) => {
  const { url, peer } = await serve(t, (peer) => {
    peer.send(sessionCreated, created("resp_1"), ...itemBegins("resp_1", messageItem("item_1")));
    peer.send(...speech("resp_1", "item_1", [new Uint8Array(700_000), new Uint8Array(700_000)], "Hello"));
  });
  const options = { deployment: "dep1", maxUnreadBytes: 2 ** 20 };
  const client = new RTClient(url, { key: "secret" }, options);
  const events = client.events();
  const answer = (await events.next()).value;
  await assert.rejects(events.next(), { name: "RTError", code: "unread_overflow" });
  assert.ok(answer?.type === "response");
  await assert.rejects(client.configure({}), { code: "unread_overflow" });
  const [code] = await new Promise((resolve) => peer().socket.on("close", (...args) => resolve(args)));
  assert.equal(code, 4009);
});
