/**
 * `insecure_origin`: pages may listen only under https: or on localhost. `unsupported`: a browser without
 * AudioWorklet. `microphone_denied`: by the person or by a policy. `microphone_missing`: there is none, or not the one
 * that was asked for. `microphone_failed`: it is there, but another program holds it, or its driver failed.
 * `worklet_failed`: a file of this package did not come, so the publisher of the page has to act.
 * @typedef {"insecure_origin" | "unsupported" | "microphone_denied" | "microphone_missing" | "microphone_failed"
 *   | "worklet_failed"} AudioErrorCode
 */

/** Why there is no sound. The message is a sentence that says what to do; pages in other languages go by the code. */
export class AudioError extends Error {
  /**
   * @param {AudioErrorCode} code
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = "AudioError";
    /** @readonly */
    this.code = code;
  }
}
