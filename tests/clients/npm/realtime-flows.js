// What a user's program does with the openai package, whichever of its classes has opened the connection.
// The flows are those of ../programs/realtime_flows.py: they keep every event they received, and check nothing.

import { readWav } from "../../../examples/quickstart/javascript/wav.js";

/** 24 kHz mono PCM16. */
const BYTES_PER_MS = 48;
const PIECE_MS = 100;
/** More silence than ends a turn. */
const SILENCE_MS = 500;
const TAIL_MS = 900;

/** A server that says nothing for so long has nothing to say. */
const PATIENCE_MS = 20_000;

const AUDIO = "response.output_audio.delta";
const TRANSCRIBED = "conversation.item.input_audio_transcription.completed";

const WEATHER_TOOL = {
  type: "function",
  name: "get_weather",
  description: "The current weather at a place.",
  parameters: {
    type: "object",
    properties: { location: { type: "string", description: "City, and state or country" } },
    required: ["location"],
  },
};
const WEATHER = JSON.stringify({ sky: "clear", temperature_celsius: 18 });

/** More than a minute of speech, so that there is something to interrupt. */
const LONG_REQUEST = "Count from one to one hundred.";
/** How much of the interrupted answer the user heard. */
const HEARD_MS = 400;

/** A recorded question and enough silence to end its turn. */
async function speech(name) {
  const samples = await readWav(new URL(`../../fixtures/${name}_24k.wav`, import.meta.url));
  return Buffer.concat([samples, Buffer.alloc(TAIL_MS * BYTES_PER_MS)]);
}

/** A conversation over a connection; `ga` says in which shapes to speak. */
export class Talk {
  /** Everything received, in order. */
  events = [];
  #connection;
  #ga;
  #failure;
  #wake = () => {};

  constructor(connection, ga) {
    this.#connection = connection;
    this.#ga = ga;
    connection.on("event", (event) => {
      this.events.push(event);
      if (event.response?.status === "failed") this.#failure = new Error(JSON.stringify(event.response));
      this.#wake();
    });
    connection.on("error", (error) => {
      this.#failure = error;
      this.#wake();
    });
  }

  async configure(tools = []) {
    const turns = { type: "server_vad", silence_duration_ms: SILENCE_MS };
    const transcription = { model: "whisper-1" };
    const form = this.#ga
      ? { type: "realtime", audio: { input: { turn_detection: turns, transcription } } }
      : { turn_detection: turns, input_audio_transcription: transcription };
    // A socket that is not open yet takes nothing.
    await this.event("session.created");
    this.#send("session.update", { session: { instructions: "Answer briefly.", tools, ...form } });
    await this.event("session.updated");
  }

  /** Type a question. */
  ask(text) {
    const content = [{ type: "input_text", text }];
    this.#send("conversation.item.create", { item: { type: "message", role: "user", content } });
    this.#send("response.create");
  }

  /** Speak a recorded question, faster than anyone could. */
  async say(name) {
    const pcm = await speech(name);
    for (let at = 0; at < pcm.length; at += PIECE_MS * BYTES_PER_MS) {
      const audio = pcm.subarray(at, at + PIECE_MS * BYTES_PER_MS).toString("base64");
      this.#send("input_audio_buffer.append", { audio });
    }
  }

  cancel() {
    this.#send("response.cancel");
  }

  /** Tell how much of an answer was heard, and ask what is left of it. */
  async truncate(itemId, heardMs) {
    this.#send("conversation.item.truncate", { item_id: itemId, content_index: 0, audio_end_ms: heardMs });
    await this.event("conversation.item.truncated");
    this.#send("conversation.item.retrieve", { item_id: itemId });
    await this.event("conversation.item.retrieved");
  }

  /** Hand in the result of a function call and ask for the answer. */
  answerCall(call, output) {
    const item = { type: "function_call_output", call_id: call.call_id, output };
    this.#send("conversation.item.create", { item });
    this.#send("response.create");
  }

  /** The `number`th event of this type since the connection was opened, once it is there. */
  async event(gaType, number = 1) {
    const wanted = this.#ga ? gaType : gaType.replace("response.output_", "response.");
    for (;;) {
      if (this.#failure) throw this.#failure;
      const found = this.events.filter(({ type }) => type === wanted);
      if (found.length >= number) return found[number - 1];
      await this.#another(wanted);
    }
  }

  /** The audio delta that completes so much of the first answer. */
  async hear(ms) {
    let missing = ms * BYTES_PER_MS;
    for (let number = 1; ; number++) {
      const event = await this.event(AUDIO, number);
      missing -= Buffer.from(event.delta, "base64").length;
      if (missing <= 0) return event;
    }
  }

  #send(type, fields = {}) {
    this.#connection.send({ type, ...fields });
  }

  #another(wanted) {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`No ${wanted} after ${this.events.map(({ type }) => type).join(", ")}.`));
      }, PATIENCE_MS);
      this.#wake = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }
}

export const flows = {
  /** A typed question, a spoken answer. */
  async text_turn(talk) {
    await talk.configure();
    talk.ask("What is twelve times seven?");
    await talk.event("response.done");
  },

  /** A spoken question; the server finds its end. */
  async spoken_turn(talk) {
    await talk.configure();
    await talk.say("what_is_twelve_times_seven");
    await talk.event(TRANSCRIBED);
    await talk.event("response.done");
  },

  /** A spoken question that only a tool can answer. */
  async tool_round_trip(talk) {
    await talk.configure([WEATHER_TOOL]);
    await talk.say("whats_the_weather_in_san_francisco");
    const { response } = await talk.event("response.done");
    for (const call of response.output.filter(({ type }) => type === "function_call")) {
      talk.answerCall(call, WEATHER);
      await talk.event("response.done", 2);
    }
  },

  /** Stop an answer once it sounds, and go on. */
  async cancel(talk) {
    await talk.configure();
    talk.ask(LONG_REQUEST);
    await talk.event(AUDIO);
    talk.cancel();
    await talk.event("response.done");
    talk.ask("What is twelve times seven?");
    await talk.event("response.done", 2);
  },

  /** Speak while the answer sounds: stop playing it and say how much was heard. */
  async barge_in(talk) {
    await talk.configure();
    talk.ask(LONG_REQUEST);
    const answer = await talk.hear(2 * HEARD_MS);
    await talk.say("what_is_twelve_times_seven");
    await talk.event("input_audio_buffer.speech_started");
    await talk.truncate(answer.item_id, HEARD_MS);
    await talk.event("response.done", 2);
  },
};
