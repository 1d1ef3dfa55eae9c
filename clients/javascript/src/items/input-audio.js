import { Deferred } from "../deferred.js";
import { RTError } from "../errors.js";
import { end, receive } from "./internal.js";

/** @import { ServerMessageType } from "../models/server-messages.js" */

/** What the user said, from the start of the speech (with voice detection) or from its commit on. */
export class RTInputAudioItem {
  /** @type {"input_audio"} @readonly */
  type = "input_audio";
  /** Where in the session's audio the speech ended. @type {number | undefined} */
  audioEndMillis;
  /** What was said, if the session has `input_audio_transcription`. @type {string | undefined} */
  transcription;
  #transcribed;
  /** @type {Deferred<void>} */
  #completion = new Deferred();

  /**
   * @param {string} id
   * @param {number | undefined} audioStartMillis where in the session's audio the speech began
   * @param {boolean} transcribed whether a transcription is to come
   */
  constructor(id, audioStartMillis, transcribed) {
    /** @readonly */
    this.id = id;
    /** @readonly */
    this.audioStartMillis = audioStartMillis;
    this.#transcribed = transcribed;
  }

  /**
   * @returns {Promise<void>} resolves with the transcription if there is to be one, else when the speech has
   *   ended; rejects with `RTError` if the transcription failed
   */
  waitForCompletion() {
    return this.#completion.promise;
  }

  /**
   * @param {ServerMessageType} message
   * @returns {boolean} whether more is to come
   */
  [receive](message) {
    switch (message.type) {
      case "input_audio_buffer.speech_stopped":
        this.audioEndMillis = message.audio_end_ms;
        if (!this.#transcribed) this[end]();
        return true;
      case "conversation.item.created":
        if (!this.#transcribed) this[end]();
        return this.#transcribed;
      case "conversation.item.input_audio_transcription.completed":
        this.transcription = message.transcript;
        this[end]();
        return false;
      case "conversation.item.input_audio_transcription.failed":
        this[end](new RTError(message.error));
        return false;
      default:
        return true;
    }
  }

  /** @param {Error} [error] */
  [end](error) {
    if (error) this.#completion.reject(error);
    else this.#completion.resolve();
  }
}
