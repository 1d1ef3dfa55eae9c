// Keys: list, make, make anew, end.

import { element } from "../dom.js";
import { formatDate } from "../texts/translator.js";
import { all, ask, pathOf } from "./api.js";
import { issuedKey } from "./issued-key.js";
import { badge, button, cards, clearProblems, confirmed, empty, field, heading, showProblem, toast } from "./parts.js";
import { t } from "./texts/index.js";

/** @import { Context } from "./main.js" */
/** @import { IssuedKey, StoredKey } from "./issued-key.js" */

const ROLES = /** @type {const} */ (["user", "reader", "contributor", "owner"]);
const DAY_S = 86_400;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export async function view(root, context) {
  const rows = element("ul", { class: "rows" });
  const issued = element("div", { "aria-live": "polite" });
  const anyone = context.me.id === "anonymous";
  /** @type {{ name: string }[]} */
  const deployments = await all("deployments");
  const names = deployments.map(({ name }) => name);

  /** @param {IssuedKey} key */
  const show = async (key) => {
    // From the first key on, this page needs one, too: it goes on with the one that was just made for its person.
    if (anyone && key.roles.includes("owner")) {
      adopted = key;
      return context.signIn(key.secret);
    }
    issued.replaceChildren(issuedKey(key, names, false));
    issued.querySelector("h3")?.focus();
    await draw().catch(() => {}); // who has shut themselves out sees the key all the same
  };
  const draw = async () => {
    /** @type {StoredKey[]} */
    const found = await all("keys");
    rows.replaceChildren(...(found.length ? found.map((key) => row(key, show, draw)) : [empty(t("keys.none"))]));
    return found;
  };
  const found = await draw();
  const notes = anyone && found.length === 0 ? [element("p", { class: "note" }, t("keys.first"))] : [];
  root.append(heading(t("section.keys"), t("keys.about")), ...notes, issued, form(names, notes.length > 0, show), rows);
  if (adopted) issued.replaceChildren(issuedKey(adopted, names, true));
  adopted = undefined;
}

/** The key with which the page has just signed in: that draws this view anew. @type {IssuedKey | undefined} */
let adopted;

/**
 * @param {StoredKey} key
 * @param {(key: IssuedKey) => Promise<void>} show
 * @param {() => Promise<unknown>} changed
 */
function row(key, show, changed) {
  const { name, hint, roles, deployments, created_at: made, created_by: by, expires_at: ends, last_used_at: used } = key;
  const over = ends !== null && ends * 1000 < Date.now();
  const facts = [
    t("created", { when: formatDate(made), by }),
    used === null ? t("keys.unused") : t("keys.used", { when: formatDate(used) }),
    ends !== null && t(over ? "keys.expired" : "keys.expires", { when: formatDate(ends) }),
    deployments && t("keys.only", { names: deployments.join(", ") }),
  ].filter((fact) => fact);
  const rotate = button(t("keys.rotate"), async () => {
    /** @type {IssuedKey | undefined} */
    let made;
    const done = await confirmed({
      title: t("keys.rotate.title", { name }),
      text: t("keys.rotate.text"),
      act: t("keys.rotate"),
      acting: async () => (made = await ask("POST", `${pathOf("keys", name)}/rotate`, { body: {} })),
    });
    if (done && made) await show(made);
  }, { "aria-label": t("keys.rotate.of", { name }) });
  const revoke = button(t("keys.revoke"), async () => {
    const done = await confirmed({
      title: t("keys.revoke.title", { name }),
      text: t("keys.revoke.text"),
      act: t("keys.revoke"),
      acting: () => ask("DELETE", pathOf("keys", name)),
    });
    if (!done) return;
    toast(t("keys.revoked", { name }));
    await changed();
  }, { "aria-label": t("keys.revoke.of", { name }) });
  return element(
    "li",
    { class: "row", "data-name": name },
    element(
      "div",
      { class: "row-words" },
      element("p", { class: "row-title" }, element("code", {}, name), element("span", { class: "hint" }, `…${hint}`), ...roles.map((role) => badge(t(`role.${role}`), over ? "bad" : "plain"))),
      element("p", { class: "hint" }, facts.join(" · ")),
    ),
    element("div", { class: "actions" }, rotate, revoke),
  );
}

/**
 * @param {string[]} deployments
 * @param {boolean} first
 * @param {(key: IssuedKey) => Promise<void>} show
 */
function form(deployments, first, show) {
  const name = element("input", { maxlength: 64, spellcheck: "false", autocapitalize: "off", placeholder: t("keys.name.hint") });
  const days = element("select", {}, ...[0, 1, 30, 90, 365].map((value) => element("option", { value }, value ? t("keys.days", { count: value }) : t("keys.never"))));
  const only = element("select", {}, element("option", { value: "" }, t("keys.all")), ...deployments.map((one) => element("option", {}, one)));
  const roles = ROLES.map((value) => ({ value, title: t(`role.${value}`), text: t(`role.${value}.text`) }));
  const submit = element("button", { class: "quiet strong", type: "submit" }, t("keys.create"));
  const made = element(
    "form",
    { class: "panel-form", autocomplete: "off", novalidate: true },
    element("div", { class: "field-row three" }, field("name", t("keys.name"), name), field("deployments", t("keys.for"), only), field("expires_at", t("keys.until"), days)),
    cards("roles", t("keys.role"), roles, first ? "owner" : "user"),
    element("p", { class: "problem form-problem", role: "alert" }),
    element("div", { class: "actions" }, submit),
  );
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearProblems(made);
    submit.disabled = true;
    const role = new FormData(made).get("roles");
    const lasts = Number(days.value) * DAY_S;
    const body = {
      ...(name.value.trim() ? { name: name.value.trim() } : {}),
      roles: [role],
      ...(only.value ? { deployments: [only.value] } : {}),
      ...(lasts ? { expires_at: Math.floor(Date.now() / 1000) + lasts } : {}),
    };
    try {
      const key = await ask("POST", "keys", { body });
      name.value = "";
      opened.open = false;
      await show(key);
    } catch (error) {
      showProblem(made, error);
    } finally {
      submit.disabled = false;
    }
  });
  const opened = element("details", { class: "more strong-more" }, element("summary", {}, t("keys.new")), made);
  opened.open = first;
  return opened;
}
