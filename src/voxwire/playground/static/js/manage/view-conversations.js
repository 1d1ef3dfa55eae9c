// Stored conversations: the list, a search in what was said, and one of them.

import { element } from "../dom.js";
import { formatDate, formatOffset } from "../texts/translator.js";
import { all, ask } from "./api.js";
import { conversation } from "./conversation.js";
import { badge, button, clearProblems, empty, field, heading, showProblem } from "./parts.js";
import { t } from "./texts/index.js";

/** @import { Context } from "./main.js" */

/**
 * A stored conversation without what was said. Times are seconds since 1970.
 * @typedef {object} StoredSession
 * @property {string} id
 * @property {string} deployment
 * @property {string} principal
 * @property {string | null} end_user
 * @property {"text" | "text+audio"} stored
 * @property {"running" | "ended" | "incomplete" | "interrupted"} state
 * @property {boolean} flagged
 * @property {number} started_at
 * @property {number | null} ended_at
 * @property {number} expires_at
 */

/** @typedef {{ session: string, started_at: number, item: string, role: string | null, at_ms: number, text: string }} Hit */

const PAGE = 50;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export async function view(root, context) {
  const [id, item] = context.names;
  return id === undefined ? list(root) : conversation(root, context, id, item);
}

/** @param {HTMLElement} root */
async function list(root) {
  /** @type {{ name: string }[]} */
  const deployments = await all("deployments");
  const words = element("input", { type: "search", minlength: 2, maxlength: 200, placeholder: t("conversations.words.hint") });
  const deployment = element("select", {}, element("option", { value: "" }, t("keys.all")), ...deployments.map(({ name }) => element("option", {}, name)));
  const user = element("input", { spellcheck: "false", autocapitalize: "off" });
  const flagged = element("select", {}, element("option", { value: "" }, t("conversations.every")), element("option", { value: "true" }, t("conversations.flagged")));
  const submit = element("button", { class: "unseen", type: "submit" }, t("conversations.search"));
  const form = element(
    "form",
    { class: "inline-form four", role: "search", novalidate: true },
    field("words", t("conversations.words"), words),
    field("deployment", t("usage.deployment"), deployment),
    field("end_user", t("conversations.user"), user),
    field("flagged", t("conversations.which"), flagged),
    submit,
    element("p", { class: "problem form-problem", role: "alert" }),
  );
  const rows = element("ul", { class: "rows", "aria-live": "polite" });
  const more = element("div", { class: "actions" });

  /** @param {string} [after] the last that is shown; none: from the newest on */
  const look = async (after) => {
    clearProblems(form);
    const filter = { deployment: deployment.value || undefined, end_user: user.value.trim() || undefined };
    const searches = words.value.trim() !== "";
    try {
      const page = searches
        ? await ask("POST", "sessions/search", { body: { ...filter, words: words.value.trim(), after } })
        : await ask("GET", "sessions", { query: { ...filter, flagged: flagged.value, limit: PAGE, after } });
      const found = page.data.map(searches ? hit : row);
      if (after === undefined) rows.replaceChildren(...(found.length ? found : [empty(t(searches ? "conversations.notFound" : "conversations.none"))]));
      else rows.append(...found);
      more.replaceChildren(...(page.has_more ? [button(t("conversations.more"), () => void look(page.last_id))] : []));
    } catch (error) {
      showProblem(form, error);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void look();
  });
  form.addEventListener("change", () => void look());
  root.append(heading(t("section.conversations"), t("conversations.about")), form, rows, more);
  await look();
}

/** @param {StoredSession} one */
function row(one) {
  const { id, started_at: began, ended_at: ended, deployment, principal, end_user: user, expires_at: expires } = one;
  const facts = [
    deployment,
    ended !== null && formatOffset((ended - began) * 1000),
    user ?? principal,
    t("conversations.expires", { when: formatDate(expires) }),
  ].filter((fact) => fact);
  return element(
    "li",
    { class: "row", "data-name": id },
    element(
      "div",
      { class: "row-words" },
      element("p", { class: "row-title" }, link(id, formatDate(began)), ...badges(one)),
      element("p", { class: "hint" }, facts.join(" · ")),
    ),
  );
}

/** @param {StoredSession} one @returns {HTMLElement[]} */
export function badges({ stored, state, flagged }) {
  const made = [badge(t(`store.${stored}.short`))];
  if (state !== "ended") made.push(badge(t(`state.${state}`), state === "running" ? "good" : "waiting"));
  if (flagged) made.push(badge(t("conversations.flag"), "bad"));
  return made;
}

/** @param {Hit} one */
function hit({ session, started_at: began, item, role, at_ms: at, text }) {
  return element(
    "li",
    { class: "row", "data-name": session },
    element(
      "div",
      { class: "row-words" },
      element("p", { class: "row-title" }, link(`${session}/${item}`, formatDate(began))),
      element("p", {}, text),
      element("p", { class: "hint" }, [speaker(role), formatOffset(at)].join(" · ")),
    ),
  );
}

/** @param {string} path @param {string} label */
function link(path, label) {
  return element("a", { href: `#/conversations/${path.split("/").map(encodeURIComponent).join("/")}` }, label);
}

/** @param {string | null} role */
export function speaker(role) {
  if (role === "user") return t("role.person");
  return role === "assistant" ? t("role.assistant") : t("role.tool");
}
