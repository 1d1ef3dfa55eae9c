import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import test from "node:test";
import { LowLevelRTClient } from "../src/low-level-client.js";
import { collect } from "./support/collect.js";
import { created, done, sessionCreated } from "./support/events.js";
import { refuse, serve } from "./support/scripted-server.js";

const key = { key: "secret" };
const options = { deployment: "dep1" };

test("messages go both ways, and the last tells that the connection has ended", async (t) => {
  const { url, played } = await serve(t, async (peer) => {
    assert.equal(peer.request.url, "/openai/realtime?api-version=2024-10-01-preview&deployment=dep1");
    assert.equal(peer.request.headers["api-key"], "secret");
    assert.equal(peer.request.headers["sec-websocket-extensions"], undefined);
    peer.send(sessionCreated);
    const { response } = await peer.receive("response.create");
    assert.deepEqual(response, { modalities: ["audio", "text"], instructions: "Please assist the user." });
    peer.send(created("resp_1"), done("resp_1"));
    peer.socket.close(1000, "that is all");
  });
  const client = new LowLevelRTClient(url, key, options);
  await client.send({
    type: "response.create",
    response: { modalities: ["audio", "text"], instructions: "Please assist the user." },
  });
  const messages = await collect(client.messages());
  await played;
  assert.deepEqual(
    messages.map(({ type }) => type),
    ["session.created", "response.created", "response.done", "connection.closed"],
  );
  const last = messages.at(-1);
  assert.ok(last?.type === "connection.closed");
  assert.deepEqual([last.code, last.reason], [1000, "that is all"]);
});

test("messages of types that the client does not know come too", async (t) => {
  const { url } = await serve(t, (peer) => {
    peer.send({ type: "response.hologram.delta", delta: "~" }, { type: "constructor" });
    peer.socket.close(1000);
  });
  const messages = await collect(new LowLevelRTClient(url, key, options).messages());
  assert.deepEqual(messages.map(({ type }) => String(type)), ["response.hologram.delta", "constructor", "connection.closed"]);
});

/**
 * @returns {{ seen: any[], onWire: import("../src/options.js").OnWire }} `seen`: direction, type and event of each
 */
function tap() {
  /** @type {any[]} */
  const seen = [];
  return { seen, onWire: (direction, event) => void seen.push([direction, event.type, event]) };
}

test("onWire sees every event in the dialect of the connection, in order, before the program does", async (t) => {
  const { url, played } = await serve(t, async (peer) => {
    peer.send({ type: "session.created", session: { type: "realtime", output_modalities: ["text"], audio: {} } });
    await peer.receive("session.update");
    await peer.receive("input_audio_buffer.append");
    const text = { response_id: "r", item_id: "i", content_index: 0, delta: "Hi" };
    peer.send({ type: "conversation.item.done", item: { id: "i" } }, { type: "response.output_text.delta", ...text });
    peer.socket.close(1000);
  });
  const { seen, onWire } = tap();
  const client = new LowLevelRTClient(key, { model: "m", baseURL: url, dialect: "ga", onWire });
  const messages = client.messages();
  assert.equal((await messages.next()).value?.type, "session.created");
  assert.deepEqual(seen.map(([direction, type]) => [direction, type]), [["in", "session.created"]]);
  await client.send({ type: "session.update", session: { modalities: ["text"], temperature: 0.7 } });
  await client.send({ type: "input_audio_buffer.append", audio: "AAA=" });
  const rest = await collect(messages);
  await played;
  // The program reads the preview, and of one event nothing.
  assert.deepEqual(rest.map(({ type }) => type), ["response.text.delta", "connection.closed"]);
  assert.deepEqual(
    seen.map(([direction, type]) => [direction, type]),
    [
      ["in", "session.created"],
      ["out", "session.update"],
      ["out", "input_audio_buffer.append"],
      ["in", "conversation.item.done"],
      ["in", "response.output_text.delta"],
    ],
  );
  assert.deepEqual(seen[0][2].session.output_modalities, ["text"]);
  assert.deepEqual(seen[1][2].session, { type: "realtime", output_modalities: ["text"] });
});

test("onWire sees the event for which the client ends the connection, and nothing after close()", async (t) => {
  const refused = await serve(t, (peer) => peer.send({ type: "error" }, sessionCreated));
  const first = tap();
  const messages = new LowLevelRTClient(refused.url, key, { ...options, onWire: first.onWire }).messages();
  await assert.rejects(messages.next(), { code: "malformed_event" });
  assert.deepEqual(first.seen.map(([direction, type]) => [direction, type]), [["in", "error"]]);

  const left = await serve(t, async (peer) => {
    await peer.receive("response.cancel");
    peer.send(sessionCreated);
    await peer.ended();
  });
  const second = tap();
  const client = new LowLevelRTClient(left.url, key, { ...options, onWire: second.onWire });
  await client.send({ type: "response.cancel" });
  await client.close();
  await left.played;
  await assert.rejects(client.send({ type: "response.cancel" }), { code: "connection_closed" });
  assert.deepEqual(second.seen.map(([direction, type]) => [direction, type]), [["out", "response.cancel"]]);
});

test("what onWire throws is the program's: send() rejects with it, and it is no fault of the service", async (t) => {
  const { url } = await serve(t, async (peer) => {
    await peer.receive("response.cancel");
    peer.send(sessionCreated);
    peer.socket.close(1000);
  });
  const failure = new Error("cannot draw");
  const client = new LowLevelRTClient(url, key, {
    ...options,
    onWire: (direction) => {
      if (direction === "out") throw failure;
    },
  });
  await assert.rejects(client.send({ type: "response.cancel" }), failure);
  const types = (await collect(client.messages())).map(({ type }) => type);
  assert.deepEqual(types, ["session.created", "connection.closed"]);
});

test("onWire that is no function is refused", () => {
  const wrong = /** @type {any} */ ({ ...options, onWire: "console.log" });
  assert.throws(() => new LowLevelRTClient(new URL("http://127.0.0.1:1"), key, wrong), /onWire must be a function/);
});

test("an iteration that was left goes on later", async (t) => {
  const { url } = await serve(t, (peer) => {
    peer.send(sessionCreated, created("resp_1"));
    peer.socket.close(1000);
  });
  const client = new LowLevelRTClient(url, key, options);
  for await (const message of client.messages()) if (message.type === "session.created") break;
  const rest = await collect(client.messages());
  assert.deepEqual(rest.map(({ type }) => type), ["response.created", "connection.closed"]);
});

test("the request id is the one that was sent", async (t) => {
  const { url, played, peer } = await serve(t, (peer) => peer.ended());
  const client = new LowLevelRTClient(url, key, { ...options, requestId: "my-id" });
  assert.equal(client.requestId, "my-id");
  await client.send({ type: "input_audio_buffer.clear" }).then(() => client.close());
  await assert.rejects(played, /input_audio_buffer.clear/);
  assert.equal(peer().request.headers["x-ms-client-request-id"], "my-id");
});

test("OpenAI's request id is the service's own", async (t) => {
  const { url, peer } = await serve(t, () => {});
  const server = new LowLevelRTClient(key, { model: "m", baseURL: new URL("/v1", url) });
  assert.equal(server.requestId, undefined);
  await server.send({ type: "input_audio_buffer.clear" });
  assert.equal(peer().request.headers["authorization"], "Bearer secret");
  assert.equal(peer().request.headers["openai-beta"], "realtime=v1");
  await server.close();
});

test("closing sends 1000 and ends the messages; then nothing can be sent", async (t) => {
  const { url, peer } = await serve(t, (peer) => peer.send(sessionCreated));
  const client = new LowLevelRTClient(url, key, options);
  await client.send({ type: "input_audio_buffer.clear" });
  const closed = once(peer().socket, "close");
  await Promise.all([client.close(), client.close()]);
  assert.equal((await closed)[0], 1000);
  const types = (await collect(client.messages())).map(({ type }) => type);
  assert.deepEqual(types, ["session.created", "connection.closed"]);
  await assert.rejects(client.send({ type: "response.cancel" }), { name: "RTError", code: "connection_closed" });
});

test("closing does not wait for a service that has stopped answering", async (t) => {
  const { url, peer } = await serve(t, (peer) => peer.send(sessionCreated));
  const client = new LowLevelRTClient(url, key, options);
  await client.send({ type: "input_audio_buffer.clear" });
  peer().socket.pause();
  await client.close();
  const last = (await collect(client.messages())).at(-1);
  assert.ok(last?.type === "connection.closed");
  assert.equal(last.code, 1006);
});

test("closing gives up a connection that is not there yet", async (t) => {
  const silent = createServer();
  /** @type {import("node:net").Socket[]} */
  const accepted = [];
  silent.on("connection", (socket) => accepted.push(socket));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => {
    for (const socket of accepted) socket.destroy();
    silent.close();
  });
  const { port } = /** @type {import("node:net").AddressInfo} */ (silent.address());
  const client = new LowLevelRTClient(new URL(`http://127.0.0.1:${port}`), key, options);
  const sent = client.send({ type: "response.cancel" });
  const messages = collect(client.messages());
  await once(silent, "connection");
  await client.close();
  await assert.rejects(sent, { name: "RTError", code: "connection_closed" });
  assert.deepEqual(await messages, []);
});

test("closing gives up a credential that does not come", async () => {
  const never = { getToken: () => new Promise(() => {}) };
  const client = new LowLevelRTClient(new URL("http://127.0.0.1:1"), never, options);
  await client.close();
  await assert.rejects(client.send({ type: "response.cancel" }), { code: "connection_closed" });
});

test("a refusal tells status, code and request id", async (t) => {
  const error = { message: "Wrong key.", type: "invalid_request_error", param: null, code: "invalid_api_key" };
  const url = await refuse(t, 401, { "x-request-id": "req_7" }, JSON.stringify({ error }));
  const client = new LowLevelRTClient(url, key, options);
  const expected = {
    name: "RTError",
    message: "the service refused the connection with status 401: Wrong key.",
    type: "invalid_request_error",
    code: "invalid_api_key",
    status: 401,
    requestId: "req_7",
  };
  await assert.rejects(collect(client.messages()), expected);
  await assert.rejects(client.send({ type: "response.cancel" }), expected);
});

test("a refusal without a code of its own, and a redirect, tell the status", async (t) => {
  for (const [status, headers, body] of /** @type {[number, Record<string, string>, string][]} */ ([
    [404, {}, "<html>nothing here</html>"],
    [503, {}, '{"error": "overloaded"}'],
    [500, {}, "x".repeat(1_000_000)],
    [307, { location: "http://127.0.0.1:1/" }, ""],
  ])) {
    const url = await refuse(t, status, headers, body);
    const client = new LowLevelRTClient(url, key, { ...options, requestId: "mine" });
    await assert.rejects(collect(client.messages()), { code: "handshake_refused", status, requestId: "mine" });
  }
});

test("a service that is not there is told with the system's error", async () => {
  const client = new LowLevelRTClient(new URL("http://127.0.0.1:1"), key, options);
  await assert.rejects(collect(client.messages()), (/** @type {any} */ error) => {
    assert.equal(error.code, "connection_failed");
    assert.equal(error.requestId, client.requestId);
    assert.equal(error.cause.code, "ECONNREFUSED");
    return true;
  });
});

test("a credential that fails is told as what it is", async () => {
  const failure = new Error("sign in first");
  const credential = { getToken: () => Promise.reject(failure) };
  const client = new LowLevelRTClient(new URL("http://127.0.0.1:1"), credential, options);
  await assert.rejects(collect(client.messages()), { code: "credential_failed", cause: failure });
});

test("a failed connection of which nobody asks disturbs nobody", async (t) => {
  const unhandled = t.mock.fn();
  process.on("unhandledRejection", unhandled);
  t.after(() => process.off("unhandledRejection", unhandled));
  const url = await refuse(t, 401, {}, "");
  const client = new LowLevelRTClient(url, key, options);
  await client.send({ type: "response.cancel" }).catch(() => {});
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(unhandled.mock.callCount(), 0);
});

for (const [what, data] of /** @type {[string, string | Buffer][]} */ ([
  ["no JSON", "{"],
  ["no object", "[]"],
  ["null", "null"],
  ["no type", '{"event_id": "event_1"}'],
  ["binary data", Buffer.from([1, 2])],
  ["an error without an error", '{"type": "error"}'],
  ["a delta that is no text", '{"type": "response.text.delta", "response_id": "r", "item_id": "i", "content_index": 0, "delta": 7}'],
  ["an item without an id", '{"type": "conversation.item.created", "item": {"type": "message"}}'],
])) {
  test(`a malformed event ends the messages with an error and closes: ${what}`, async (t) => {
    const { url, peer } = await serve(t, (peer) => {
      peer.send(sessionCreated);
      peer.socket.send(data, { binary: typeof data !== "string" });
    });
    const client = new LowLevelRTClient(url, key, options);
    const messages = client.messages();
    assert.equal((await messages.next()).value?.type, "session.created");
    await assert.rejects(messages.next(), { name: "RTError", code: "malformed_event", requestId: client.requestId });
    if (peer().socket.readyState !== peer().socket.CLOSED) {
      assert.equal((await once(peer().socket, "close"))[0], 4007);
    }
    await assert.rejects(client.send({ type: "response.cancel" }), { code: "connection_closed" });
  });
}
