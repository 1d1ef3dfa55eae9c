// One flow with the Agents SDK: a `RealtimeSession` over its WebSocket transport, with a tool.
//
// `agents-realtime.js ADDRESS FLOW` with the key in OPENAI_API_KEY. Prints as JSON what the SDK told
// its user, how much audio it handed over, and the server's events as the SDK passed them on.

import { readFile } from "node:fs/promises";
import { RealtimeAgent, RealtimeSession, tool } from "@openai/agents-realtime";
import { z } from "zod";

const [, , address, flow] = process.argv;
/** A server that says nothing for so long has nothing to say. */
const patienceMs = 1000 * Number(process.env.PATIENCE_S ?? 20);

/** 24 kHz mono PCM16. */
const bytesPerMs = 48;
const pieceMs = 100;
const tailMs = 900;

const getWeather = tool({
  name: "get_weather",
  description: "The current weather at a place.",
  parameters: z.object({ location: z.string().describe("City, and state or country") }),
  execute: async () => '{"sky": "clear", "temperature_celsius": 18}',
});

const session = new RealtimeSession(
  new RealtimeAgent({ name: "Assistant", instructions: "Answer briefly.", tools: [getWeather] }),
  {
    transport: "websocket",
    model: "gpt-realtime",
    tracingDisabled: true,
    config: {
      audio: {
        input: {
          transcription: { model: "whisper-1" },
          turnDetection: { type: "server_vad", silenceDurationMs: 500, createResponse: true, interruptResponse: true },
        },
      },
    },
  },
);

const report = { told: [], audio_bytes: 0, received: [], history: [] };
/** Called whenever the server or the session tells anything. */
let wake = () => {};
const tell = (name) => {
  report.told.push(name);
  wake();
};

const told = [
  "agent_start",
  "agent_end",
  "agent_tool_start",
  "agent_tool_end",
  "audio_start",
  "audio_stopped",
  "audio_interrupted",
];
for (const name of told) session.on(name, () => tell(name));
session.on("audio", ({ data }) => {
  report.audio_bytes += data.byteLength;
  tell("audio");
});
session.on("transport_event", (event) => {
  report.received.push(event);
  wake();
});
session.on("error", ({ error }) => {
  throw new Error("The session reported an error.", { cause: error });
});

/** Wait until the session has told of this so often. */
async function until(name, number = 1) {
  while (report.told.filter((told) => told === name).length < number) {
    await new Promise((resolve, reject) => {
      const giveUp = () => reject(new Error(`No ${name} after ${report.told}`));
      const timer = setTimeout(giveUp, patienceMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Speak a recorded question, faster than anyone could, and be silent long enough to end the turn. */
async function say(name) {
  const file = await readFile(new URL(`../../../fixtures/${name}_24k.wav`, import.meta.url));
  const samples = file.subarray(file.indexOf("data") + 8);
  const speech = Uint8Array.from([...samples, ...new Uint8Array(tailMs * bytesPerMs)]);
  for (let at = 0; at < speech.length; at += pieceMs * bytesPerMs) {
    session.sendAudio(speech.slice(at, at + pieceMs * bytesPerMs).buffer);
  }
}

const flows = {
  async text_turn() {
    session.sendMessage("What is twelve times seven?");
    await until("agent_end");
  },
  async spoken_turn() {
    await say("what_is_twelve_times_seven");
    await until("agent_end");
  },
  async tool_round_trip() {
    await say("whats_the_weather_in_san_francisco");
    await until("agent_end", 2);
  },
  /** The SDK truncates what nobody heard by itself. */
  async barge_in() {
    session.sendMessage("Count from one to one hundred.");
    await until("audio", 8);
    await say("what_is_twelve_times_seven");
    await until("audio_interrupted");
    await until("agent_end", 2);
  },
};

const url = `${address.replace("http", "ws")}/v1/realtime?model=gpt-realtime`;
await session.connect({ apiKey: process.env.OPENAI_API_KEY, url });
try {
  await flows[flow]();
} finally {
  session.close();
}
report.history = session.history;
process.stdout.write(JSON.stringify(report));
