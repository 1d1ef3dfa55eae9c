// Where the time of a conversation went, drawn along its time; a line shows where the playback is.

import { element } from "../dom.js";
import { formatMs } from "../texts/translator.js";
import { piecesOf } from "./answer-stages.js";
import { t } from "./texts/index.js";

/** @import { Piece, Stage } from "./answer-stages.js" */
/** @import { Answer, Conversation, Item } from "./conversation.js" */

/** @typedef {{ root: Element, at: (ms: number) => void }} Track a drawing, and how to tell it where the playback is */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;

/** @returns {HTMLElement[]} what the colours mean */
export function legend() {
  const stages = /** @type {const} */ (["speech", "decided", "words", "token", "audio", "heard"]);
  return stages.map((stage) => element("span", {}, element("i", { "data-stage": stage }), t(`stage.${stage}`)));
}

/**
 * @param {Answer} answer
 * @param {Item} spoken
 * @returns {Track}
 */
export function answerTrack(answer, spoken) {
  const pieces = piecesOf(answer, spoken);
  const from = Math.min(answer.created_ms, ...pieces.map((piece) => piece.from));
  const to = Math.max(answer.done_ms ?? answer.created_ms, ...pieces.map((piece) => piece.to));
  const told = pieces
    .filter(({ stage }) => stage !== "speech" && stage !== "heard")
    .map((piece) => `${t(`stage.${piece.stage}`)} ${formatMs(piece.to - piece.from)}`);
  const { speech_stopped_ms: stopped, created_ms: created, first_audio_ms: first, first_text_ms: text } = answer;
  const reached = first ?? text;
  const total = reached === null ? "" : t("waterfall.total", { total: formatMs(reached - (stopped ?? created)) });
  const failed = answer.status === "completed" || answer.status === "in_progress" ? "" : [answer.status, answer.reason].filter((part) => part).join(": ");
  const words = [total, ...told, failed].filter((part) => part).join(" · ");
  const drawing = draw(pieces.map((piece) => ({ ...piece, row: 0 })), from, to, 1, words);
  return { root: element("div", { class: "waterfall" }, drawing.svg, element("p", { class: "hint" }, words)), at: drawing.at };
}

/**
 * Who spoke when, from the beginning to the end.
 * @param {Conversation} conversation
 * @returns {Track & { onSeek: (seek: (ms: number) => void) => void }}
 */
export function overview({ items, duration_ms: lasts }) {
  const spoken = items.flatMap(({ role, at_ms: from, ended_ms: to }) =>
    to === null ? [] : [{ stage: /** @type {Stage} */ (role === "user" ? "speech" : "heard"), from, to, row: role === "user" ? 0 : 1 }],
  );
  const drawing = draw(spoken, 0, Math.max(1, lasts, ...spoken.map(({ to }) => to)), 2, t("waterfall.overview"));
  return {
    root: element("div", { class: "overview" }, drawing.svg),
    at: drawing.at,
    onSeek(seek) {
      drawing.svg.addEventListener("click", (event) => {
        const { left, width } = drawing.svg.getBoundingClientRect();
        seek(drawing.timeAt((/** @type {MouseEvent} */ (event).clientX - left) / width));
      });
    },
  };
}

/**
 * @param {(Piece & { row: number })[]} pieces
 * @param {number} from ms at the left
 * @param {number} to ms at the right
 * @param {number} rows
 * @param {string} label
 */
function draw(pieces, from, to, rows, label) {
  const span = Math.max(1, to - from);
  const height = rows * 14;
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label });
  for (const piece of pieces) {
    const x = (WIDTH * (piece.from - from)) / span;
    const width = Math.max(1.5, (WIDTH * (piece.to - piece.from)) / span - 1);
    const drawn = shape("rect", { "data-stage": piece.stage, x, y: piece.row * 14 + 1, width, height: 12 });
    const title = shape("title", {});
    title.textContent = `${t(`stage.${piece.stage}`)}: ${formatMs(piece.to - piece.from)}`;
    drawn.append(title);
    svg.append(drawn);
  }
  const cursor = shape("line", { class: "cursor", y1: 0, y2: height, visibility: "hidden" });
  svg.append(cursor);
  return {
    svg,
    /** @param {number} share of the width */
    timeAt: (share) => from + span * Math.min(1, Math.max(0, share)),
    /** @param {number} ms */
    at(ms) {
      const inside = ms >= from && ms <= to;
      cursor.setAttribute("visibility", inside ? "visible" : "hidden");
      if (!inside) return;
      const x = String((WIDTH * (ms - from)) / span);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
    },
  };
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, String(value));
  return made;
}
