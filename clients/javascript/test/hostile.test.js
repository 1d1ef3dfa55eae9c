import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { Backlog } from "../src/backlog.js";
import { RTClient } from "../src/index.js";
import { Stream } from "../src/stream.js";

/** @typedef {import("node:test").TestContext} TestContext */

const SENT = Math.floor(300_000_000 / 48_000) * 48_000;

/**
 * @param {TestContext} t
 * @param {string[]} args of node
 */
function start(t, ...args) {
  const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  return { child, lines: createInterface({ input: child.stdout }) };
}

/**
 * Run a program beside a hostile service.
 * @param {TestContext} t
 * @param {string[]} service
 * @param {string} body with `client(Kind, options)`, `say()`, and `grown()` in MiB
 * @returns {Promise<string[]>} what it said
 */
async function run(t, service, body) {
  const [url] = await once(start(t, "support/hostile-service.js", ...service).lines, "line");
  const program = `
    import { LowLevelRTClient, RTClient } from "../src/index.js";
    const client = (Kind, options) => new Kind(new URL("${url}"), { key: "k" }, { deployment: "d", ...options });
    const say = (...words) => console.log(words.join(" "));
    // Thirty seconds are long for a test.
    const every = globalThis.setInterval;
    globalThis.setInterval = (work, delay) => every(work, delay === 30_000 ? 300 : delay);
    let peak = 0;
    const start = process.memoryUsage().rss;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
    watch.unref(); // The connection alone must keep the program alive.
    const grown = () => Math.round((Math.max(peak, process.memoryUsage().rss) - start) / 2 ** 20);
    const limited = { maxUnreadBytes: 8 * 2 ** 20 };
    ${body}
`;
  const { child, lines } = start(t, "--input-type=module", "-e", program);
  /** @type {string[]} */
  const said = [];
  lines.on("line", (line) => said.push(...line.split(" ")));
  const [code] = await once(child, "close");
  assert.equal(code, 0);
  return said;
}

describe("more audio than a program reads", () => {
  test("nothing is read that a program of the low level does not take", async (t) => {
    const [size, grown] = await run(
      t,
      ["flood", "300"],
      `const connection = client(LowLevelRTClient, limited);
      let size = 0;
      for await (const message of connection.messages()) {
        if (size === 0) await new Promise((resolve) => setTimeout(resolve, 1000));
        if (message.type === "response.audio.delta") size += Buffer.byteLength(message.delta, "base64");
        if (message.type === "input_audio_buffer.speech_started") break;
      }
      await connection.close();
      say(size, grown());`,
    );
    assert.equal(Number(size), SENT);
    assert.ok(Number(grown) < 150, `${grown} MiB`);
  });

  test("a slow reader beside one that waits loses nothing", async (t) => {
    const [size, type, grown] = await run(
      t,
      ["flood", "300"],
      `const conversation = client(RTClient, limited);
      const events = conversation.events();
      const answer = (await events.next()).value;
      const waiting = events.next();
      let size = 0, chunks = 0;
      for await (const item of answer)
        for await (const content of item)
          for await (const chunk of content.audioChunks()) {
            size += chunk.length;
            if (++chunks % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
          }
      say(size, (await waiting).value.type, grown());
      await conversation.close();`,
    );
    assert.equal(Number(size), SENT);
    assert.equal(type, "input_audio");
    assert.ok(Number(grown) < 150, `${grown} MiB`);
  });

  test("what is awaited behind it is given up", async (t) => {
    const [code, again, grown] = await run(
      t,
      ["flood", "300"],
      `const conversation = client(RTClient, limited);
      const events = conversation.events();
      const answer = (await events.next()).value;
      const error = await conversation.configure({ instructions: "Sing." }).catch((error) => error);
      say(error.code, await conversation.clearAudio().catch((error) => error.code), grown());
      await conversation.close();`,
    );
    assert.equal(code, "unread_overflow");
    assert.equal(again, "unread_overflow");
    assert.ok(Number(grown) < 150, `${grown} MiB`);
  });

  for (const [what, reading] of Object.entries({
    "that are ignored": "",
    "of which only the words are read": `
      for await (const item of event)
        for await (const content of item)
          for await (const words of content.transcriptChunks()) assertHello(words);`,
    "that are left in the middle": `
      for await (const item of event)
        for await (const content of item)
          for await (const chunk of content.audioChunks()) break;`,
  })) {
    test(`answers ${what} go on for ever`, async (t) => {
      const [answers, grown] = await run(
        t,
        ["answers", "120"],
        `const assertHello = (words) => { if (words !== "Hello") throw new Error(words); };
        const conversation = client(RTClient, limited);
        let answers = 0;
        for await (const event of conversation.events()) {
          if (event.type === "input_audio") break;
          answers++;
          ${reading}
        }
        say(answers, grown());
        await conversation.close();`,
      );
      assert.equal(answers, "120");
      assert.ok(Number(grown) < 150, `${grown} MiB`);
    });
  }
});

describe("a service that says nothing", () => {
  for (const [service, option, text] of [
    ["mute", "connectTimeoutMs", "no answer within 0.2 seconds"],
    ["silent", "firstEventTimeoutMs", "no first event within 0.2 seconds"],
  ]) {
    for (const waiting of ["client(RTClient, options).init()", "client(LowLevelRTClient, options).messages().next()"]) {
      test(`${service}: ${waiting}`, async (t) => {
        const said = await run(
          t,
          [/** @type {string} */ (service)],
          `const options = { ${option}: 200 };
          const error = await ${waiting}.catch((error) => error);
          say(error.code, error.message);`,
        );
        assert.equal(said[0], "connection_failed");
        assert.ok(said.join(" ").endsWith(/** @type {string} */ (text)), said.join(" "));
      });
    }
  }

  test("limits that are none are refused", () => {
    for (const wrong of [{ connectTimeoutMs: 0 }, { firstEventTimeoutMs: 2 ** 31 }, { maxUnreadBytes: 1000 }]) {
      const options = { deployment: "d", ...wrong };
      assert.throws(() => new RTClient(new URL("ws://127.0.0.1:9"), { key: "k" }, options), TypeError);
    }
  });
});

describe("a backlog", () => {
  test("drops what ended unread first, and says so to who comes later", async () => {
    const backlog = new Backlog(100);
    let full = 0;
    backlog.onFull = () => full++;
    const [old, read, open] = [1, 2, 3].map(() => new Stream(Infinity, backlog));
    for (const stream of [old, read, open]) stream?.push("x", 30);
    const reading = read?.[Symbol.asyncIterator]();
    old?.end();
    read?.end();
    open?.push("y", 15);
    assert.equal((await reading?.next())?.value, "x", "iterated over");
    open?.push("z", 60);
    assert.equal(full, 1);
    await assert.rejects(async () => old?.next(), { code: "unread_dropped" });
    backlog.end();
  });

  test("tells when nobody reads for a while, and ends with the connection", async () => {
    const backlog = new Backlog(10, 5);
    const stalled = new Promise((resolve) => (backlog.onStall = () => resolve(undefined)));
    const stream = new Stream(Infinity, backlog);
    stream.push("x", 20);
    await stalled;
    let room = 0;
    backlog.onRoom = () => room++;
    backlog.end();
    assert.equal(room, 1);
    assert.equal(backlog.full, false);
  });
});
