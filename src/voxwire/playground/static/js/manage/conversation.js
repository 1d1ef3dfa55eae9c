// One stored conversation: who said what, heard again, and where the time of each answer went.

import { download, element } from "../dom.js";
import { formatDate, formatOffset } from "../texts/translator.js";
import { ask, fetchBlob, pathOf } from "./api.js";
import { button, confirmed, heading, messageOf, toast } from "./parts.js";
import { t } from "./texts/index.js";
import { player } from "./player.js";
import { badges, speaker } from "./view-conversations.js";
import { answerTrack, legend, overview } from "./waterfall.js";

/** @import { Context } from "./main.js" */
/** @import { StoredSession } from "./view-conversations.js" */
/** @import { Track } from "./waterfall.js" */

/**
 * Times are milliseconds since the session began.
 * @typedef {object} Item
 * @property {string} id
 * @property {"message" | "function_call" | "function_call_output"} kind
 * @property {string | null} role
 * @property {string} text
 * @property {number} at_ms
 * @property {number | null} ended_ms
 * @property {string | null} response_id
 * @property {number | null} heard_ms
 * @property {boolean} deleted
 * @property {string | null} name
 *
 * @typedef {object} Answer
 * @property {string} response_id
 * @property {string} status
 * @property {string | null} reason
 * @property {number | null} speech_started_ms
 * @property {number | null} speech_stopped_ms
 * @property {number | null} transcript_ms
 * @property {number} created_ms
 * @property {number | null} first_text_ms
 * @property {number | null} first_audio_ms
 * @property {number | null} done_ms
 *
 * @typedef {StoredSession & { engines: string, duration_ms: number, items: Item[], answers: Answer[] }} Conversation
 */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @param {string} id
 * @param {string} [chosen] the item that was looked for
 */
export async function conversation(root, context, id, chosen) {
  /** @type {Conversation} */
  const found = await ask("GET", pathOf("sessions", id));
  const problem = element("p", { class: "problem", role: "alert" });
  const whole = overview(found);
  /** @type {Track[]} */
  const tracks = [whole];
  const answers = new Map(found.answers.map((answer) => [answer.response_id, answer]));
  /** @type {(ms: number) => void} */
  let seek = () => {};
  const lines = found.items.map((item) => line(item, found, answers, tracks, (ms) => seek(ms)));

  /** @param {number} ms where the playback is */
  const at = (ms) => {
    for (const track of tracks) track.at(ms);
    found.items.forEach((item, index) => {
      const now = ms >= item.at_ms && ms < (item.ended_ms ?? item.at_ms);
      lines[index]?.toggleAttribute("data-now", now);
    });
  };
  const sound = found.stored === "text+audio" ? player(found, at) : undefined;
  if (sound) seek = sound.seek;
  whole.onSeek((ms) => seek(ms));
  root.append(
    heading(formatDate(found.started_at), facts(found), ...actions(found, context, problem)),
    element("p", { class: "row-title" }, ...badges(found)),
    problem,
    ...(sound ? [sound.root] : [element("p", { class: "hint" }, t("conversation.noSound"))]),
    whole.root,
    element("div", { class: "legend" }, ...legend()),
    element("ol", { class: "said-lines" }, ...lines),
  );
  if (chosen) requestAnimationFrame(() => document.getElementById(`item-${chosen}`)?.scrollIntoView({ block: "center" }));
  return () => sound?.close();
}

/** @param {Conversation} found */
function facts({ deployment, duration_ms: lasted, end_user: user, principal, engines, expires_at: expires }) {
  return [deployment, formatOffset(lasted), user ?? principal, engines, t("conversations.expires", { when: formatDate(expires) })]
    .filter((fact) => fact)
    .join(" · ");
}

/**
 * @param {Conversation} found
 * @param {Context} context
 * @param {HTMLElement} problem
 */
function actions(found, context, problem) {
  const path = pathOf("sessions", found.id);
  /** @param {string} name @param {() => Promise<Blob>} content */
  const saving = (name, content) => async () => {
    problem.textContent = "";
    try {
      download(name, await content());
    } catch (error) {
      problem.textContent = messageOf(error);
    }
  };
  const json = () => Promise.resolve(new Blob([JSON.stringify(found, null, 2)], { type: "application/json" }));
  const made = [button(t("conversation.json"), saving(`${found.id}.json`, json))];
  if (found.stored === "text+audio") made.push(button(t("conversation.wav"), saving(`${found.id}.wav`, () => fetchBlob(`${path}/audio`))));
  made.push(button(t("conversation.journal"), saving(`${found.id}.journal`, () => fetchBlob(`${path}/journal`)), { title: t("conversation.journal.hint") }));
  if (context.may("manage-sessions")) made.push(button(t("delete"), () => void remove(found.id, path, context), { class: "quiet danger" }));
  return made;
}

/** @param {string} id @param {string} path @param {Context} context */
async function remove(id, path, context) {
  const done = await confirmed({
    title: t("conversation.delete"),
    text: t("conversation.delete.text"),
    act: t("delete"),
    acting: () => ask("DELETE", path),
  });
  if (!done) return;
  toast(t("conversation.deleted"));
  context.go("#/conversations");
}

/**
 * @param {Item} item
 * @param {Conversation} found
 * @param {Map<string, Answer>} answers
 * @param {Track[]} tracks to which this one's are added
 * @param {(ms: number) => void} seek
 */
function line(item, found, answers, tracks, seek) {
  const { id, kind, role, text, at_ms: at, heard_ms: heard, deleted } = item;
  const playable = found.stored === "text+audio";
  const when = formatOffset(at);
  const time = playable
    ? element("button", { class: "link", type: "button", onclick: () => seek(at), "aria-label": t("conversation.from", { when }) }, when)
    : element("span", {}, when);
  const words = element("div", { class: "said-words" }, element("p", { class: "who" }, speaker(role), ...(item.name ? [" ", element("code", {}, item.name)] : [])));
  words.append(kind === "message" ? element("p", {}, text || "–") : element("pre", { tabindex: 0 }, text));
  const notes = [heard !== null && t("conversation.cut", { when: formatOffset(heard) }), deleted && t("conversation.itemDeleted")].filter((note) => note);
  if (notes.length) words.append(element("p", { class: "hint" }, notes.join(" · ")));
  const answer = item.response_id && answers.get(item.response_id);
  if (answer) {
    answers.delete(answer.response_id); // beside its first item
    const track = answerTrack(answer, item);
    tracks.push(track);
    words.append(track.root);
  }
  return element("li", { class: "said-line", id: `item-${id}`, "data-role": role ?? "tool" }, element("div", { class: "said-at" }, time), words);
}
