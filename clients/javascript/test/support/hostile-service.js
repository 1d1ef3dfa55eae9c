// A service that means harm, in a process of its own: `node hostile-service.js KIND [MEGABYTES]` prints its address.
//
// mute      accepts connections and never answers a handshake
// silent    opens the WebSocket, and says nothing
// flood     begins a session and a spoken answer, and sends so many megabytes of audio, as fast as they are taken; then
//           the rest of the answer and `input_audio_buffer.speech_started`
// answers   begins a session and sends so many megabytes in answers of one megabyte, and then `…speech_started`

import { once } from "node:events";
import { createServer } from "node:net";
import { WebSocketServer } from "ws";
import { content, created, done, itemBegins, itemEnds, messageItem, sessionCreated } from "./events.js";

const [kind, megabytes] = process.argv.slice(2);
/** A second of sound a message. */
const SECOND = Buffer.alloc(48_000).toString("base64");

/** @param {string} id */
function* beginning(id) {
  yield created(id);
  yield* itemBegins(id, messageItem(`item_${id}`));
  yield content(id, `item_${id}`, "content_part.added", { part: { type: "audio", transcript: "" } });
  yield content(id, `item_${id}`, "audio_transcript.delta", { delta: "Hello" });
}

/** @param {string} id @param {number} seconds */
function* audio(id, seconds) {
  for (let second = 0; second < seconds; second++) yield content(id, `item_${id}`, "audio.delta", { delta: SECOND });
}

/** @param {string} id */
function* end(id) {
  yield content(id, `item_${id}`, "content_part.done", { part: { type: "audio", transcript: "Hello" } });
  yield itemEnds(id, messageItem(`item_${id}`, { status: "completed" }));
  yield done(id);
}

function* script() {
  yield sessionCreated;
  const answers = kind === "answers" ? Number(megabytes) : 1;
  const seconds = Math.floor((Number(megabytes) * 1_000_000) / 48_000 / answers);
  for (let answer = 0; answer < answers; answer++) {
    yield* beginning(`resp_${answer}`);
    yield* audio(`resp_${answer}`, seconds);
    yield* end(`resp_${answer}`);
  }
  yield { type: "input_audio_buffer.speech_started", item_id: "item_last", audio_start_ms: 0 };
}

if (kind === "mute") {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  console.log(`ws://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`);
} else {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  server.on("connection", async (socket) => {
    socket.on("error", () => {});
    if (kind === "silent") return;
    for (const event of script()) {
      await new Promise((resolve) => socket.send(JSON.stringify({ event_id: "event_1", ...event }), resolve));
      if (socket.readyState !== socket.OPEN) return;
    }
  });
  console.log(`ws://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`);
}
