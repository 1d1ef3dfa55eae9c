// What is global in an AudioWorklet, of which TypeScript's libraries know nothing.

/**
 * @typedef {object} Processor
 * @property {MessagePort} port
 */

/**
 * @typedef {object} WorkletScope
 * @property {new (options?: unknown) => Processor} AudioWorkletProcessor
 * @property {(name: string, processor: new (options: any) => Processor) => void} registerProcessor
 * @property {number} sampleRate of the context
 * @property {number} currentFrame samples since the context began, at the start of what is processed now
 */

export const scope = /** @type {WorkletScope} */ (/** @type {unknown} */ (globalThis));
