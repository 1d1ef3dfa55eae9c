// The conversation's driver: settings, microphone and messages go out, answers come in and sound.

import { decodeBase64, encodeBase64 } from "../rt-client/audio/index.js";
import { newEventId } from "./event-id.js";
import { ConnectionError } from "./service.js";
import { SessionSync } from "./session-sync.js";
import { sessionOf } from "./settings.js";
import { Voice } from "./voice.js";

/**
 * @import { Conversation, Item } from "./conversation.js"
 * @import { EventLog } from "./event-log.js"
 * @import { Latency } from "./latency.js"
 * @import { Settings } from "./settings.js"
 * @import { Tool } from "./tools.js"
 * @import { Message, Wire } from "./wire.js"
 */

/** @typedef {"off" | "connecting" | "on" | "lost"} Link */

/** What happens now, as the page says it. @typedef {"off" | "idle" | "listening" | "muted" | "hold" | "person" | "thinking" | "assistant"} Now */

/**
 * @typedef {object} TalkParts
 * @property {() => Settings} settings
 * @property {() => Tool[]} tools
 * @property {Conversation} conversation
 * @property {EventLog} log
 * @property {Latency} latency
 * @property {() => void} onState link, listening or `now` changed
 * @property {(error: unknown) => void} onProblem a `ConnectionError`, an `AudioError` or a bug
 * @property {(message: Message) => void} onRefused an `error` event, or a response that failed
 * @property {(code: number, reason: string) => void} onLost the connection ended by itself
 */

/** Less than this cannot be committed (protocol: turns, Empty commits). */
const SHORTEST_TURN_MS = 100;

export class Talk {
  /** @type {Link} */
  link = "off";
  /** The button is held: what is said now is sent. */
  holding = false;
  voice;
  #parts;
  /** @type {Wire | undefined} */
  #wire;
  #connecting = new AbortController();
  #session = this.#newSession();
  /** Whether the connection has a session, or ended before. @type {Promise<boolean>} */
  #ready = Promise.resolve(false);
  /** @type {(ready: boolean) => void} */
  #settle = () => {};
  /** @type {Settings["dialect"]} */
  #dialect = "ga";
  /** When responses were asked for that were not created yet, by the message that asked. @type {Map<string, number>} */
  #asked = new Map();
  /** @type {Map<string, number>} */
  #askedAt = new Map();
  /** @type {Set<string>} */
  #running = new Set();
  /** The one that the connection is to, whatever the field says by now. */
  deployment = "";
  /** Items of calls that wait for their answer. @type {Set<string>} */
  #calls = new Set();
  /** @type {{ id: string, from: number } | undefined} */
  #speech;
  /** Audio of the turns that were held, and not committed yet. @type {{ from: number, to: number }[]} */
  #held = [];
  #holdFrom = 0;
  /** Which response an item with sound belongs to. @type {Map<string, string>} */
  #responses = new Map();

  /** @param {TalkParts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.voice = new Voice({
      onFrame: (frame) => this.#hear(frame),
      onMicrophoneEnded: () => this.#microphoneEnded(),
      onHeard: ({ itemId }, at) => {
        parts.conversation.sounds(itemId, at);
        parts.latency.heard(this.#responses.get(itemId) ?? "", at);
      },
      onSounding: parts.onState,
    });
  }

  get clock() {
    return this.#session.clock;
  }

  /** Whether speaking interrupts an answer: somebody has to listen. */
  get interruptible() {
    return this.voice.listening && !this.voice.muted && this.#sendsAlways;
  }

  /** @returns {Now} */
  get now() {
    if (this.link !== "on") return "off";
    if (this.#speech || this.holding) return "person";
    if (this.voice.sounding) return "assistant";
    if (this.#running.size > 0) return "thinking";
    if (!this.voice.listening) return "idle";
    if (this.voice.muted) return "muted";
    return this.#parts.settings().turns === "none" ? "hold" : "listening";
  }

  // --- what the person does ------------------------------------------------------------------------

  /** Connect if need be. @returns {Promise<boolean>} whether there is a connection */
  async connect() {
    if (this.link === "on") return true;
    if (this.link === "connecting") return false;
    this.#connecting = new AbortController();
    this.#setLink("connecting");
    try {
      await this.#openPlayer();
      this.#restart();
      const { signal } = this.#connecting;
      const { log } = this.#parts;
      const { Wire } = await loadWire();
      const settings = this.#parts.settings();
      this.deployment = settings.deployment;
      this.#wire = await Wire.open(settings, (...frame) => log.add(...frame), signal);
      void this.#listen(this.#wire);
      // What is said or typed first comes after the settings.
      if (!(await this.#ready)) return false;
    } catch (error) {
      if (this.#connecting.signal.aborted) return false;
      this.#setLink("off");
      this.#parts.onProblem(error);
      return false;
    }
    this.#setLink("on");
    return true;
  }

  disconnect() {
    this.#connecting.abort();
    this.#wire?.close();
    this.#ended("off");
  }

  /** @returns {Promise<void>} problems go to `onProblem` */
  async startListening() {
    if (!(await this.connect())) return;
    try {
      await this.voice.openMicrophone(this.#parts.settings().microphone);
    } catch (error) {
      this.#parts.onProblem(error);
    }
    // Without a connection nobody listens any more.
    if (this.link !== "on") await this.voice.closeMicrophone();
    this.#parts.onState();
  }

  async stopListening() {
    this.release();
    await this.voice.closeMicrophone();
    this.#parts.onState();
  }

  /** Push to talk: what is said from now on is the turn. It interrupts the answer, as speaking would. */
  async hold() {
    if (this.link !== "on" || !this.voice.listening || this.holding) return;
    this.holding = true;
    this.#holdFrom = this.voice.sent.ms;
    this.voice.sending = true;
    this.#parts.onState();
    await this.#interrupt();
  }

  /** The turn is complete. */
  release() {
    if (!this.holding) return;
    this.holding = false;
    this.voice.sending = this.#sendsAlways;
    const to = this.voice.sent.ms;
    if (to - this.#holdFrom < SHORTEST_TURN_MS) {
      this.#wire?.send({ type: "input_audio_buffer.clear" });
      this.#parts.onRefused({ type: "error", error: { code: "input_audio_buffer_commit_empty" } });
    } else {
      this.#held.push({ from: this.#holdFrom, to });
      this.#wire?.send({ type: "input_audio_buffer.commit" });
      this.#ask();
    }
    this.#parts.onState();
  }

  /**
   * @param {string} text
   * @returns {Promise<boolean>} whether it was sent
   */
  async say(text) {
    if (!(await this.connect())) return false;
    await this.#interrupt();
    const content = [{ type: "input_text", text }];
    this.#wire?.send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
    this.#ask();
    return true;
  }

  /**
   * @param {Item} item a call
   * @param {string} output
   * @param {boolean} stubbed
   */
  answerCall(item, output, stubbed) {
    if (!item.call || this.link !== "on") return;
    const { callId } = item.call;
    this.#wire?.send({
      type: "conversation.item.create",
      item: { type: "function_call_output", call_id: callId, output },
    });
    this.#parts.conversation.answered(item.id, output, stubbed);
    this.#calls.delete(item.id);
    // One response reads the answers of all functions that were called at once.
    if (this.#calls.size === 0) this.#ask();
  }

  /** Settings changed: the session is told what differs. */
  update() {
    this.voice.sending = this.#sendsAlways || this.holding;
    if (this.link === "on") this.#session.update(this.#wanted());
    this.#parts.onState();
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.voice.muted = muted;
    this.#parts.onState();
  }

  // --- what the server says ------------------------------------------------------------------------

  /** @param {Wire} wire until it ends */
  async #listen(wire) {
    const end = await wire.listen((message, at) => this.#receive(message, at));
    if (!end) return;
    this.#ended("lost");
    this.#parts.onLost(end.code, end.reason);
  }

  /**
   * @param {Message} message
   * @param {number} at
   */
  #receive(message, at) {
    const { conversation, latency, onRefused, onState } = this.#parts;
    conversation.take(message, at);
    this.#session.take(message, at);
    switch (message.type) {
      case "session.created":
        this.#session.update(this.#wanted());
        this.#settle(true);
        break;
      case "voxwire.turn_timings":
        this.#timed(message);
        break;
      case "input_audio_buffer.speech_started":
        this.#speech = { id: message["item_id"], from: message["audio_start_ms"] };
        conversation.grow(this.#speech.id, this.voice.recorded(this.#speech.from, this.voice.sent.ms));
        void this.#cut();
        break;
      case "input_audio_buffer.speech_stopped":
        if (this.#speech) this.#keep(this.#speech.id, this.#speech.from, message["audio_end_ms"]);
        this.#speech = undefined;
        break;
      case "input_audio_buffer.committed": {
        const held = this.#held.shift();
        if (held) this.#keep(message["item_id"], held.from, held.to);
        break;
      }
      case "conversation.item.input_audio_transcription.completed":
        latency.name(message["item_id"], message["transcript"]);
        break;
      case "conversation.item.truncated":
        // The server knows which words were heard.
        this.#wire?.send({ type: "conversation.item.retrieve", item_id: message["item_id"] });
        break;
      case "response.created": {
        const { id } = message["response"];
        this.#running.add(id);
        const [asked] = this.#asked;
        if (asked) {
          this.#asked.delete(asked[0]);
          this.#askedAt.set(id, asked[1]);
        }
        break;
      }
      case "rate_limits.updated":
        latency.limit(message["rate_limits"]);
        break;
      case "response.done":
        this.#responseDone(message["response"]);
        break;
      case "response.audio.delta":
        this.#sound(message);
        break;
      case "response.audio.done":
        this.voice.finish(partOf(message));
        break;
      case "error":
        this.#asked.delete(message["error"]?.["event_id"]);
        // An answer may end while its cancellation is on its way.
        if (message["error"]?.["code"] !== "response_cancel_not_active") onRefused(message);
    }
    onState();
  }

  /** @param {Uint8Array<ArrayBuffer>} frame of the microphone */
  #hear(frame) {
    this.#wire?.send({ type: "input_audio_buffer.append", audio: encodeBase64(frame) });
    if (this.#speech) this.#parts.conversation.grow(this.#speech.id, frame);
  }

  /** @param {Message} message */
  #sound(message) {
    const pcm = decodeBase64(message["delta"]);
    this.#responses.set(message["item_id"], message["response_id"]);
    this.voice.play(pcm, partOf(message));
    this.#parts.conversation.addSound(message["item_id"], pcm);
  }

  /** @param {any} response */
  #responseDone({ id: responseId, status, status_details, usage, output }) {
    this.#running.delete(responseId);
    this.#parts.latency.use(usage);
    if (status === "failed") this.#parts.onRefused({ type: "response.failed", error: status_details?.error });
    if (status !== "completed") return;
    const { stubs } = this.#parts.settings();
    const calls = output.filter((/** @type {any} */ item) => item.type === "function_call");
    for (const { id } of calls) this.#calls.add(id);
    for (const call of calls) {
      const stub = Object.hasOwn(stubs, call.name) ? stubs[call.name]?.trim() : "";
      const item = this.#parts.conversation.get(call.id);
      if (stub && item) this.answerCall(item, stub, true);
    }
  }

  /** @param {Message} event */
  #timed(event) {
    const { conversation, latency } = this.#parts;
    const responseId = event["response_id"];
    const said = conversation.saidIn(event["item_id"]);
    latency.add(event, this.clock, { sent: this.voice.sent, asked: this.#askedAt.get(responseId), said });
    this.#askedAt.delete(responseId);
  }

  /**
   * Sound that was sent belongs to an item.
   * @param {string} id
   * @param {number} from
   * @param {number} to
   */
  #keep(id, from, to) {
    this.#parts.conversation.addSound(id, this.voice.recorded(from, to));
    const at = this.voice.sent.timeOf(from);
    if (at !== undefined) this.#parts.conversation.sounds(id, at);
  }

  // --- inside --------------------------------------------------------------------------------------

  /** Silence now, and let the server forget what was not heard. */
  async #cut() {
    for (const { itemId, contentIndex, playedMs } of await this.voice.hush()) {
      this.#parts.conversation.cut(itemId, playedMs);
      this.#wire?.send({
        type: "conversation.item.truncate",
        item_id: itemId,
        content_index: contentIndex,
        audio_end_ms: playedMs,
      });
    }
    this.#parts.onState();
  }

  /** The person goes first: without detection the server does not know by itself. */
  async #interrupt() {
    for (const responseId of this.#running) this.#wire?.send({ type: "response.cancel", response_id: responseId });
    await this.#cut();
  }

  #ask() {
    const eventId = newEventId();
    const at = this.#wire?.send({ type: "response.create", event_id: eventId });
    if (at !== undefined) this.#asked.set(eventId, at);
  }

  /** The session as the settings have it. */
  #wanted() {
    // The dialect is that of the connection; another one holds from the next on.
    return sessionOf({ ...this.#parts.settings(), dialect: this.#dialect }, this.#parts.tools());
  }

  get #sendsAlways() {
    return this.#parts.settings().turns === "vad";
  }

  #newSession() {
    return new SessionSync((message) => this.#wire?.send(message) ?? performance.now());
  }

  async #openPlayer() {
    try {
      await this.voice.openPlayer();
    } catch (error) {
      // Without sound there is still text.
      this.#parts.onProblem(error);
    }
  }

  #microphoneEnded() {
    void this.stopListening();
    this.#parts.onProblem(new MicrophoneEnded());
  }

  /** A connection has its own clock, audio time and responses. */
  #restart() {
    this.#session = this.#newSession();
    this.voice.restart();
    this.voice.sending = this.#sendsAlways;
    this.#ready = new Promise((resolve) => (this.#settle = resolve));
    this.#dialect = this.#parts.settings().dialect;
    this.#asked.clear();
    this.#calls.clear();
    this.#held = [];
    this.#askedAt.clear();
    this.#responses.clear();
  }

  /** @param {Link} link */
  #ended(link) {
    this.#wire = undefined;
    this.#settle(false);
    this.#running.clear();
    this.#speech = undefined;
    this.holding = false;
    void this.voice.closeMicrophone();
    void this.voice.hush();
    this.#parts.conversation.interrupt();
    this.#setLink(link);
  }

  /** @param {Link} link */
  #setLink(link) {
    this.link = link;
    this.#parts.onState();
  }
}

/**
 * The modules of the connection, which the page is ready without. Called early, they are there when they are needed.
 * @returns {Promise<typeof import("./wire.js")>} rejects with `ConnectionError`; the next call tries again
 */
export async function loadWire() {
  try {
    return await import("./wire.js");
  } catch (cause) {
    throw new ConnectionError("unreachable", { detail: String(cause) });
  }
}

/** The device is gone. */
export class MicrophoneEnded extends Error {}

export { ConnectionError };

/** @param {Message} message */
function partOf(message) {
  return { itemId: message["item_id"], contentIndex: message["content_index"] };
}
