// Microphone and loudspeaker of a page, in the format of the Realtime API: PCM16, mono, 24 kHz.
//
// const microphone = await Microphone.open({ onFrame: (pcm) => client.sendAudio(pcm) });
// const player = await Player.open();
// player.play(pcm, part);                        // response.audio.delta
// player.finish(part);                           // response.audio.done
// for (const cut of await player.clear()) {...}  // speech_started: conversation.item.truncate at cut.playedMs
//
// Both are opened from a click, as browsers let no page sound or listen uninvited.

export { decodeBase64, encodeBase64 } from "../base64.js";
export { AudioError } from "./errors.js";
export { listMicrophones, Microphone } from "./microphone.js";
export { levelOfPcm16, SAMPLE_RATE } from "./pcm.js";
export { Player } from "./player.js";

/** @typedef {import("./errors.js").AudioErrorCode} AudioErrorCode */
/** @typedef {import("./microphone.js").MicrophoneDevice} MicrophoneDevice */
/** @typedef {import("./microphone.js").MicrophoneOptions} MicrophoneOptions */
/** @typedef {import("./player.js").PlayerOptions} PlayerOptions */
/** @typedef {import("./player.js").PlayerProgress} PlayerProgress */
/** @typedef {import("./player.js").PlayerStart} PlayerStart */
/** @typedef {import("./playout.js").Cut} Cut */
/** @typedef {import("./playout.js").Part} Part */
