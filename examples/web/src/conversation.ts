// One conversation: microphone to service, service to loudspeaker and log.

import { LowLevelRTClient, type Response, type ServerMessageType, type SessionUpdateParams, type Voice } from "rt-client";
import { Microphone, Player } from "rt-client/audio";
import type { Log } from "./log";

export interface Settings {
  endpoint: URL;
  key: string;
  deployment: string;
  instructions: string;
  temperature: number;
  voice: string;
}

export class Conversation {
  #closed = false;

  private constructor(
    private readonly client: LowLevelRTClient,
    private readonly player: Player,
    private readonly microphone: Microphone,
    private readonly log: Log,
    private readonly showError: (error: unknown) => void,
  ) {}

  /** Connect, set up the session, ask for the microphone. Rejects if any of that fails, and leaves nothing open. */
  static async open(settings: Settings, log: Log, showError: (error: unknown) => void): Promise<Conversation> {
    const opened: { close(): Promise<void> }[] = [];
    let conversation: Conversation | undefined;
    try {
      const { endpoint, key, deployment } = settings;
      const client = new LowLevelRTClient(endpoint, { key }, { deployment });
      opened.push(client);
      const player = await Player.open();
      opened.push(player);
      await client.send({ type: "session.update", session: sessionOf(settings) });
      const microphone = await Microphone.open({
        onFrame: (frame) => {
          // Once the connection is gone, run() tells why; the frames need not.
          client.send({ type: "input_audio_buffer.append", audio: toBase64(frame) }).catch(() => {});
        },
        onEnded: () => {
          showError("The microphone is gone. Plug it in, or choose another, and record again.");
          void conversation?.close();
        },
      });
      conversation = new Conversation(client, player, microphone, log, showError);
      return conversation;
    } catch (error) {
      await Promise.all(opened.map((part) => part.close()));
      throw error;
    }
  }

  /** Until the conversation is over. Rejects if that was neither asked for nor orderly. */
  async run() {
    for await (const message of this.client.messages()) await this.#receive(message);
  }

  async close() {
    this.#closed = true;
    await Promise.all([this.microphone.close(), this.player.close(), this.client.close()]);
  }

  get spokenLevel() {
    return this.microphone.level;
  }

  get heardLevel() {
    return this.player.level;
  }

  async #receive(message: ServerMessageType) {
    switch (message.type) {
      case "session.created":
        this.log.add("<< Session Started >>");
        break;
      case "input_audio_buffer.speech_started":
        this.log.add("<< Speech Started >>", message.item_id);
        await this.#interrupt();
        break;
      case "conversation.item.input_audio_transcription.completed":
        this.log.append(message.item_id, ` User: ${message.transcript}`);
        break;
      case "conversation.item.input_audio_transcription.failed":
        this.showError(message.error.message);
        break;
      case "response.audio_transcript.delta":
        this.log.append(message.item_id, message.delta);
        break;
      case "response.audio.delta":
        this.player.play(fromBase64(message.delta), partOf(message));
        break;
      case "response.audio.done":
        this.player.finish(partOf(message));
        break;
      case "response.done":
        this.#showFailure(message.response);
        this.log.rule();
        break;
      case "error":
        this.showError(message.error.message);
        break;
      case "connection.closed":
        if (!this.#closed) throw new Error(`The service closed the connection: ${message.reason || message.code}`);
    }
  }

  #showFailure({ status_details: details }: Response) {
    if (details?.type === "failed") this.showError(details.error?.message ?? "The answer failed.");
  }

  /** Be silent when the user speaks, and let the service know what they heard of its answer. */
  async #interrupt() {
    for (const { itemId, contentIndex, playedMs } of await this.player.clear()) {
      this.log.append(itemId, " [interrupted]");
      await this.client.send({
        type: "conversation.item.truncate",
        item_id: itemId,
        content_index: contentIndex,
        audio_end_ms: playedMs,
      });
    }
  }
}

function sessionOf({ instructions, temperature, voice }: Settings): SessionUpdateParams {
  const session: SessionUpdateParams = {
    turn_detection: { type: "server_vad" },
    input_audio_transcription: { model: "whisper-1" },
    temperature,
  };
  if (instructions) session.instructions = instructions;
  if (voice) session.voice = voice as Voice;
  return session;
}

function partOf(message: { item_id: string; content_index: number }) {
  return { itemId: message.item_id, contentIndex: message.content_index };
}

function toBase64(bytes: Uint8Array) {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
