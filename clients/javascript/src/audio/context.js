import { AudioError } from "./errors.js";
import { SAMPLE_RATE } from "./pcm.js";

/**
 * @param {number} [sampleRate] by default that of the device
 * @returns {AudioContext}
 * @throws {AudioError} if there is no Web Audio
 */
export function openContext(sampleRate) {
  if (typeof AudioContext === "undefined" || !("audioWorklet" in AudioContext.prototype)) {
    // Browsers have AudioWorklet, as they have microphones, only for secure origins.
    throw isSecureContext ? unsupported() : insecureOrigin();
  }
  return new AudioContext({ latencyHint: "interactive", sampleRate });
}

/**
 * A context of the session's rate; where the browser refuses that, of the device's.
 * @returns {AudioContext}
 */
export function openSpeechContext() {
  try {
    return openContext(SAMPLE_RATE);
  } catch (error) {
    if (error instanceof AudioError) throw error;
    return openContext();
  }
}

/**
 * @param {BaseAudioContext} context
 * @param {URL} url of the worklet's module
 * @returns {Promise<void>} rejects with `AudioError` if it cannot be loaded
 */
export async function loadWorklet(context, url) {
  try {
    await context.audioWorklet.addModule(url);
  } catch (cause) {
    const message = `${url} cannot be loaded. It has to be published as it is, and allowed by the content security policy.`;
    throw new AudioError("worklet_failed", message, { cause });
  }
}

export function insecureOrigin() {
  return new AudioError(
    "insecure_origin",
    "Browsers let a page use the microphone only over https, or on this machine as http://localhost. Open it that way.",
  );
}

function unsupported() {
  return new AudioError("unsupported", "This browser cannot process audio. Use a recent Chrome, Edge, Firefox or Safari.");
}
