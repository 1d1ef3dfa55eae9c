// When what a context plays is heard.

/**
 * Firefox on Linux (seen in 153) holds the lock of its audio while it asks the sound server for the latency, and the
 * sound server may be waiting for audio. If a message to a worklet arrives in that moment it waits for the lock as well,
 * and the page stands still for ever. Nobody can say when that moment is, so there it is not asked.
 */
const FREEZES = /\bLinux\b.*\bFirefox\//;

/**
 * @param {Pick<AudioContext, "sampleRate" | "currentTime" | "outputLatency" | "getOutputTimestamp">} context
 * @param {number} frame a time on the context's clock, in samples
 * @param {string} [userAgent]
 * @returns {number} when it is heard, on the clock of `performance.now()`; in Firefox on Linux, when it goes to the device
 */
export function heardAt(context, frame, userAgent = navigator.userAgent) {
  const time = frame / context.sampleRate;
  const asksDevice = !FREEZES.test(userAgent);
  if (asksDevice) {
    const { contextTime = 0, performanceTime = 0 } = context.getOutputTimestamp();
    if (contextTime > 0) return performanceTime + (time - contextTime) * 1000;
  }
  // Not yet known just after the beginning, and never in some browsers.
  const latency = asksDevice ? context.outputLatency || 0 : 0;
  return performance.now() + (time - context.currentTime + latency) * 1000;
}
