// Reviews: what checks of the content have found, and what somebody said that it was.

import { element } from "../dom.js";
import { formatDate } from "../texts/translator.js";
import { ask, pathOf } from "./api.js";
import { badge, button, clearProblems, empty, field, heading, messageOf, showProblem } from "./parts.js";
import { t } from "./texts/index.js";

/** @import { Context } from "./main.js" */

/**
 * A finding. Times are seconds since 1970.
 * @typedef {object} Review
 * @property {string} id
 * @property {string} deployment
 * @property {string} session
 * @property {boolean} session_stored
 * @property {string | null} end_user
 * @property {string} check
 * @property {"person" | "answer"} side
 * @property {"end" | "flag"} action
 * @property {string} found
 * @property {"open" | "confirmed" | "dismissed"} state
 * @property {number} created_at
 * @property {number | null} decided_at
 * @property {string | null} decided_by
 */

const STATES = /** @type {const} */ (["open", "confirmed", "dismissed"]);
const PAGE = 50;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export async function view(root, context) {
  const state = element("select", {}, ...STATES.map((one) => element("option", { value: one }, t(`review.${one}`))), element("option", { value: "" }, t("conversations.every")));
  const form = element("form", { class: "inline-form" }, field("state", t("conversations.which"), state), element("p", { class: "problem form-problem", role: "alert" }));
  const rows = element("ul", { class: "rows", "aria-live": "polite" });
  const more = element("div", { class: "actions" });
  /** @param {string} [after] the last that is shown; none: from the newest on */
  const look = async (after) => {
    clearProblems(form);
    try {
      const page = await ask("GET", "reviews", { query: { state: state.value, limit: PAGE, after } });
      /** @type {HTMLElement[]} */
      const found = page.data.map((/** @type {Review} */ one) => row(one, context));
      if (after === undefined) rows.replaceChildren(...(found.length ? found : [empty(t("reviews.none"))]));
      else rows.append(...found);
      more.replaceChildren(...(page.has_more ? [button(t("conversations.more"), () => void look(page.last_id))] : []));
    } catch (error) {
      showProblem(form, error);
    }
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => void look());
  root.append(heading(t("section.reviews"), t("reviews.about")), form, rows, more);
  await look();
}

/**
 * @param {Review} one
 * @param {Context} context
 */
function row(one, context) {
  const made = element("li", { class: "row", "data-name": one.id });
  made.append(...parts(one, context, (changed) => made.replaceWith(row(changed, context))));
  return made;
}

/**
 * @param {Review} one
 * @param {Context} context
 * @param {(changed: Review) => void} changed
 */
function parts(one, context, changed) {
  const { id, deployment, session, session_stored: stored, end_user: user, check, side, action, found, state } = one;
  const tones = /** @type {const} */ ({ open: "waiting", confirmed: "bad", dismissed: "plain" });
  const problem = element("p", { class: "problem", role: "alert" });
  const decided = one.decided_at !== null && t("review.decided", { when: formatDate(one.decided_at), by: one.decided_by ?? "–" });
  const facts = [deployment, user, formatDate(one.created_at), t(`review.side.${side}`), t(`review.action.${action}`), decided].filter((fact) => fact);
  const words = element(
    "div",
    { class: "row-words" },
    element("p", { class: "row-title" }, element("code", {}, check), badge(t(`review.${state}`), tones[state]), found),
    element("p", { class: "hint" }, facts.join(" · ")),
    problem,
  );
  /** @param {() => Promise<void>} act */
  const trying = (act) => async () => {
    problem.textContent = "";
    await act().catch((error) => (problem.textContent = messageOf(error)));
  };
  const buttons = [];
  if (stored) buttons.push(element("a", { class: "quiet", href: `#/conversations/${encodeURIComponent(session)}` }, t("review.conversation")));
  const show = button(t("review.excerpt"), trying(async () => {
    const { excerpt } = await ask("GET", pathOf("reviews", id));
    show.replaceWith();
    words.append(element("blockquote", {}, excerpt ?? t("review.noExcerpt")));
  }));
  buttons.push(show);
  if (context.may("manage-sessions")) {
    for (const next of STATES.filter((one) => one !== state)) {
      buttons.push(button(t(`review.decide.${next}`), trying(async () => changed(await ask("PATCH", pathOf("reviews", id), { body: { state: next } })))));
    }
  }
  return [words, element("div", { class: "actions" }, ...buttons)];
}
