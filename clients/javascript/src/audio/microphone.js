import { insecureOrigin, loadWorklet, openContext, openSpeechContext } from "./context.js";
import { AudioError } from "./errors.js";
import { levelOfPcm16 } from "./pcm.js";

/**
 * @typedef {object} MicrophoneOptions
 * @property {(frame: Uint8Array<ArrayBuffer>) => void} onFrame gets 20 ms of PCM16, mono, 24 kHz: 960 bytes, to keep
 * @property {() => void} [onEnded] the device is gone: unplugged, or its permission withdrawn
 * @property {string} [deviceId] of `listMicrophones`; by default the browser's choice
 */

/**
 * @typedef {object} MicrophoneDevice
 * @property {string} deviceId
 * @property {string} label empty until the person allowed a microphone
 */

/** A microphone that is listening: echo cancelled, noise suppressed, gain controlled as far as the browser can. */
export class Microphone {
  /** Frames handed out so far. */
  frames = 0;
  #stream;
  #track;
  #context;
  #source;
  #node;
  /** @type {Uint8Array} */
  #last = new Uint8Array(0);
  /** @type {Promise<void> | undefined} */
  #closing;

  /**
   * Ask for permission and listen. Call it from a click.
   * @param {MicrophoneOptions} options
   * @returns {Promise<Microphone>} rejects with `AudioError` if there is none to be had
   */
  static async open(options) {
    const stream = await openStream(options.deviceId);
    let source;
    try {
      source = createSource(stream);
      await loadWorklet(source.context, new URL("./capture-worklet.js", import.meta.url));
      const microphone = new Microphone(stream, source, options);
      await source.context.resume();
      return microphone;
    } catch (error) {
      stopStream(stream);
      await source?.context.close();
      throw error;
    }
  }

  /**
   * `Microphone.open` makes them.
   * @param {MediaStream} stream
   * @param {SpeechSource} source
   * @param {MicrophoneOptions} options
   */
  constructor(stream, { context, node: source }, { onFrame, onEnded }) {
    this.#stream = stream;
    this.#track = /** @type {MediaStreamTrack} */ (stream.getAudioTracks()[0]);
    this.#track.onended = () => onEnded?.();
    this.#context = context;
    this.#source = source;
    this.#node = new AudioWorkletNode(context, "rt-client-capture", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    this.#node.port.onmessage = ({ data }) => {
      this.frames++;
      this.#last = new Uint8Array(data);
      onFrame(data);
    };
    source.connect(this.#node);
  }

  /** Root mean square of the last 20 ms, 0 to 1. */
  get level() {
    return levelOfPcm16(this.#last);
  }

  /** Name of the device. */
  get label() {
    return this.#track.label;
  }

  /** While muted the frames are silence: the session's time goes on. */
  get muted() {
    return !this.#track.enabled;
  }

  set muted(muted) {
    this.#track.enabled = !muted;
  }

  /** @returns {Promise<void>} resolves when the microphone is free; no frame comes after the call */
  close() {
    return (this.#closing ??= this.#close());
  }

  async #close() {
    this.#track.onended = null;
    this.#node.port.onmessage = null;
    this.#node.port.postMessage("close");
    this.#source.disconnect();
    stopStream(this.#stream);
    await this.#context.close();
  }
}

/**
 * @returns {Promise<MicrophoneDevice[]>}
 * @throws {AudioError} on an insecure origin
 */
export async function listMicrophones() {
  const devices = await mediaDevices().enumerateDevices();
  return devices
    .filter(({ kind }) => kind === "audioinput")
    .map(({ deviceId, label }) => ({ deviceId, label }));
}

function mediaDevices() {
  // Undefined, whatever TypeScript says, on insecure origins.
  const devices = /** @type {MediaDevices | undefined} */ (navigator.mediaDevices);
  if (!devices) throw insecureOrigin();
  return devices;
}

/**
 * @param {string | undefined} deviceId
 * @returns {Promise<MediaStream>}
 */
async function openStream(deviceId) {
  const devices = mediaDevices();
  try {
    return await devices.getUserMedia({
      audio: {
        deviceId: deviceId ? { exact: deviceId } : undefined,
        channelCount: 1,
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
      },
    });
  } catch (cause) {
    throw errorOf(cause);
  }
}

/**
 * @typedef {object} SpeechSource
 * @property {AudioContext} context
 * @property {MediaStreamAudioSourceNode} node
 */

/**
 * The stream at the session's rate. Older Firefox resamples no microphone ("different sample-rate is not supported"; 153
 * does): there the context has the device's rate, and the worklet resamples.
 * @param {MediaStream} stream
 * @returns {SpeechSource}
 */
function createSource(stream) {
  const context = openSpeechContext();
  try {
    return { context, node: context.createMediaStreamSource(stream) };
  } catch {
    void context.close();
    const fallback = openContext();
    return { context: fallback, node: fallback.createMediaStreamSource(stream) };
  }
}

/** @param {MediaStream} stream */
function stopStream(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** @param {unknown} cause a DOMException of getUserMedia */
function errorOf(cause) {
  switch (cause instanceof Error ? cause.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return new AudioError(
        "microphone_denied",
        "The microphone is not allowed. Allow it in the browser's site settings, beside the address, and try again.",
        { cause },
      );
    case "NotFoundError":
    case "OverconstrainedError":
      return new AudioError("microphone_missing", "There is no such microphone. Plug one in, or choose another.", { cause });
    default:
      return new AudioError(
        "microphone_failed",
        "The microphone cannot be opened. Close other programs that use it, or choose another.",
        { cause },
      );
  }
}
