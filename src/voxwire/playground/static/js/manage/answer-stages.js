// The stages of an answer, in their times.

/** @import { Answer, Item } from "./conversation.js" */

/** What happens one after the other in an answer, with the moment that ends it. */
const STAGES = /** @type {const} */ ([
  ["decided", "created_ms"],
  ["words", "transcript_ms"],
  ["token", "first_text_ms"],
  ["audio", "first_audio_ms"],
]);

/** @typedef {"speech" | "decided" | "words" | "token" | "audio" | "heard"} Stage */
/** @typedef {{ stage: Stage, from: number, to: number }} Piece */

/**
 * The stages of an answer, one after the other. What took no time, or came before the one before it, has no piece.
 * @param {Answer} answer
 * @param {Pick<Item, "ended_ms">} spoken its first item
 * @returns {Piece[]}
 */
export function piecesOf(answer, spoken) {
  /** @type {Piece[]} */
  const pieces = [];
  const { speech_started_ms: started, speech_stopped_ms: stopped, created_ms: created } = answer;
  if (started !== null && stopped !== null) pieces.push({ stage: "speech", from: started, to: stopped });
  let from = stopped ?? created;
  for (const [stage, moment] of STAGES) {
    const to = answer[moment];
    if (to === null || to <= from) continue;
    pieces.push({ stage, from, to });
    from = to;
  }
  const { first_audio_ms: heard } = answer;
  if (heard !== null && spoken.ended_ms !== null && spoken.ended_ms > heard) pieces.push({ stage: "heard", from: heard, to: spoken.ended_ms });
  return pieces;
}
