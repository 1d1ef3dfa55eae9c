// Conversations with a real server, in either dialect, by the modules and by the bundle for browsers.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test, { before, after, describe } from "node:test";
import { WebSocket } from "ws";
import { readWav } from "../../../../examples/quickstart/javascript/wav.js";
import * as modules from "../../src/index.js";
import { collect } from "../support/collect.js";
import { repository, startVoxwire } from "./voxwire.js";

Object.assign(globalThis, { WebSocket });
/** @type {typeof modules} */
const bundle = await import(new URL("../../dist/browser/index.js", import.meta.url).href);

const key = { key: "secret-key" };
const deployment = "gpt-4o-realtime-preview";
const question = await readWav(`${repository}/examples/audio/what_is_twelve_times_seven.wav`);
/** More than what ends a turn. */
const silence = new Uint8Array(48 * 900);
/** More than a minute of speech, so that there is something to interrupt. */
const longRequest = "Count from one to one hundred.";

/** @type {{ url: URL }} */
let server;
/** @type {(() => Promise<void>)[]} */
const stops = [];
before(async () => {
  server = await startVoxwire({ after: (stop) => stops.push(stop) }, ["--api-key", key.key]);
});
after(() => Promise.all(stops.map((stop) => stop())));

/** @typedef {import("../../src/index.js").RTResponse} RTResponse */

/**
 * @param {RTResponse | undefined} response
 * @returns {Promise<{ transcript: string, bytes: number, calls: import("../../src/index.js").RTFunctionCallItem[] }>}
 */
async function listen(response) {
  let transcript = "";
  let bytes = 0;
  const calls = [];
  for await (const item of response ?? []) {
    if (item.type === "function_call") {
      await item.waitForCompletion();
      calls.push(item);
      continue;
    }
    for await (const content of item) {
      assert.ok(content.type === "audio");
      const [words, chunks] = await Promise.all([collect(content.transcriptChunks()), collect(content.audioChunks())]);
      assert.equal(words.join(""), content.transcript);
      transcript += content.transcript;
      bytes += chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    }
  }
  return { transcript, bytes, calls };
}

/**
 * @param {string} text
 * @returns {import("../../src/index.js").UserMessageItem}
 */
const says = (text) => ({ type: "message", role: "user", content: [{ type: "input_text", text }] });

for (const [name, { RTClient }] of Object.entries({ modules, bundle })) {
  for (const dialect of /** @type {const} */ (["preview", "ga"])) {
    describe(`${name}, ${dialect}`, () => {
      /** @param {import("node:test").TestContext} t */
      function connect(t) {
        const client = new RTClient(server.url, key, { deployment, dialect });
        t.after(() => client.close());
        return client;
      }

      test("a typed question gets a spoken answer", async (t) => {
        const client = connect(t);
        const session = await client.configure({ turn_detection: null, voice: "alloy" });
        assert.equal(session.turn_detection, null);
        await client.sendItem(says("What is twelve times seven?"));
        const response = await client.generateResponse();
        const { transcript, bytes } = await listen(response);
        assert.match(transcript, /84|eighty/);
        assert.ok(bytes > 10_000);
        assert.equal(response?.status, "completed");
        assert.ok(Number(response?.usage?.total_tokens) > 0);
      });

      test("a typed question gets a written answer", async (t) => {
        const client = connect(t);
        await client.configure({ modalities: ["text"], turn_detection: null });
        await client.sendItem(says("What is twelve times seven?"));
        const response = await client.generateResponse();
        assert.ok(response);
        const texts = [];
        for await (const item of response) {
          assert.ok(item.type === "message");
          for await (const content of item) {
            assert.ok(content.type === "text");
            assert.equal((await collect(content.textChunks())).join(""), content.text);
            texts.push(content.text);
          }
        }
        assert.equal(texts.length, 1);
        assert.match(String(texts[0]), /84|eighty/);
      });

      test("a spoken question is committed by hand", async (t) => {
        const client = connect(t);
        await client.configure({ turn_detection: null, input_audio_transcription: { model: "whisper-1" } });
        await client.sendAudio(question);
        const turn = await client.commitAudio();
        const { transcript } = await listen(await client.generateResponse());
        await turn.waitForCompletion();
        assert.match(String(turn.transcription), /twelve times seven/i);
        assert.match(transcript, /84|eighty/);
      });

      test("a spoken question is heard by the server's voice detection", async (t) => {
        const client = connect(t);
        await client.configure({
          turn_detection: { type: "server_vad", silence_duration_ms: 500 },
          input_audio_transcription: { model: "whisper-1" },
        });
        await client.sendAudio(question);
        await client.sendAudio(silence);
        let turns = 0;
        for await (const event of client.events()) {
          if (event.type === "input_audio") {
            await event.waitForCompletion();
            assert.match(String(event.transcription), /twelve times seven/i);
            assert.ok(Number(event.audioEndMillis) > Number(event.audioStartMillis));
            turns++;
          } else {
            assert.match((await listen(event)).transcript, /84|eighty/);
            break;
          }
        }
        assert.equal(turns, 1);
      });

      test("a function is called, and its result spoken", async (t) => {
        const client = connect(t);
        const [tool] = JSON.parse(await readFile(`${repository}/examples/tools/weather.json`, "utf8"));
        const { result, ...definition } = tool;
        await client.configure({ tools: [definition], turn_detection: null });
        await client.sendItem(says("What's the weather like in San Francisco?"));
        const { calls } = await listen(await client.generateResponse());
        const [call] = calls;
        assert.ok(call && calls.length === 1);
        assert.equal(call.functionName, "get_weather");
        assert.match(JSON.parse(call.arguments).location, /San Francisco/);
        await client.sendItem({ type: "function_call_output", call_id: call.callId, output: JSON.stringify(result) });
        assert.match((await listen(await client.generateResponse())).transcript, /18/);
      });

      test("an answer is cancelled, and the conversation goes on", async (t) => {
        const client = connect(t);
        await client.configure({ turn_detection: null });
        await client.sendItem(says(longRequest));
        const response = await client.generateResponse();
        assert.ok(response);
        await response.cancel();
        assert.equal(response.status, "cancelled");
        await response.cancel();
        await client.sendItem(says("What is twelve times seven?"));
        assert.match((await listen(await client.generateResponse())).transcript, /84|eighty/);
      });

      test("whoever speaks interrupts the answer", async (t) => {
        const client = connect(t);
        await client.configure({ turn_detection: { type: "server_vad", silence_duration_ms: 500 } });
        await client.sendItem(says(longRequest));
        const counting = await client.generateResponse();
        assert.ok(counting);
        await client.sendAudio(question);
        await client.sendAudio(silence);
        for await (const event of client.events()) {
          if (event.type !== "response") continue;
          assert.match((await listen(event)).transcript, /84|eighty/);
          break;
        }
        assert.equal(counting.status, "cancelled");
        assert.deepEqual(counting.statusDetails, { type: "cancelled", reason: "turn_detected" });
      });

      test("what the server refuses ends the conversation with its error", async (t) => {
        const client = connect(t);
        await assert.rejects(client.removeItem("item_nowhere"), { name: "RTError", type: "invalid_request_error" });
      });
    });
  }
}

for (const dialect of /** @type {const} */ (["preview", "ga"])) {
  const { RTClient } = modules;

  test(`a wrong key and an unknown deployment are refused, ${dialect}`, async () => {
    const wrong = new RTClient(server.url, { key: "wrong" }, { deployment, dialect });
    await assert.rejects(wrong.init(), (/** @type {any} */ error) => {
      assert.deepEqual([error.name, error.status], ["RTError", 401]);
      assert.ok(error.code && error.requestId);
      return true;
    });
    const unknown = new RTClient(server.url, key, { deployment: "nowhere", dialect });
    await assert.rejects(unknown.init(), (/** @type {any} */ error) => {
      assert.deepEqual([error.name, error.status], ["RTError", 404]);
      assert.ok(error.code && error.requestId);
      return true;
    });
  });

  test(`OpenAI's form of the constructor, ${dialect}`, async (t) => {
    const client = new RTClient(key, { model: "gpt-4o-realtime-preview", baseURL: new URL("/v1", server.url), dialect });
    t.after(() => client.close());
    await client.configure({ turn_detection: null });
    await client.sendItem(says("What is twelve times seven?"));
    assert.match((await listen(await client.generateResponse())).transcript, /84|eighty/);
  });
}

test("a server gone in mid-response ends the answer with an error", async (t) => {
  const { url, kill } = await startVoxwire(t);
  const client = new modules.RTClient(url, key, { deployment });
  await client.configure({ turn_detection: null });
  await client.sendItem(says(longRequest));
  const response = await client.generateResponse();
  kill();
  await assert.rejects(listen(response), { name: "RTError", code: "connection_closed" });
  await assert.rejects(client.generateResponse(), { name: "RTError", code: "connection_closed" });
});
