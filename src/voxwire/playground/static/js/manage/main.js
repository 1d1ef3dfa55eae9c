// The page: who is asking, what they may see, and which view is shown.

import { byId, element } from "../dom.js";
import { ask, hasKey, Refused, useKey } from "./api.js";
import { messageOf } from "./parts.js";
import { t, translatePage } from "./texts/index.js";

/** @typedef {{ id: string, project: string, roles: string[], permissions: string[], deployments: string[] | null }} Me */

/**
 * @typedef {object} Context
 * @property {Me} me
 * @property {(permission: string) => boolean} may
 * @property {string[]} names the parts of the address behind the section
 * @property {(hash: string) => void} go
 * @property {(key: string) => Promise<void>} signIn use another key from now on, and show this view again
 */

/** @typedef {(root: HTMLElement, context: Context) => Promise<(() => void) | void>} View */

/**
 * Each with the permission that it needs, and its module, which comes when it is first shown.
 * @type {Record<string, { needs: string, load: () => Promise<{ view: View }> }>}
 */
const SECTIONS = {
  deployments: { needs: "read-usage", load: () => import("./view-deployments.js") },
  keys: { needs: "manage-access", load: () => import("./view-keys.js") },
  usage: { needs: "read-usage", load: () => import("./view-usage.js") },
  conversations: { needs: "read-sessions", load: () => import("./view-conversations.js") },
  reviews: { needs: "read-sessions", load: () => import("./view-reviews.js") },
};

/** @type {Me | undefined} */
let me;
/** What the view that is shown wants done when it is left. @type {(() => void) | void} */
let leave;
/** Counts views, so that one that comes late is not shown. */
let turn = 0;

translatePage();

/** @param {string} permission */
const may = (permission) => me?.permissions.includes(permission) ?? false;

async function start() {
  try {
    me = await ask("GET", "whoami");
  } catch (error) {
    me = undefined;
    refuse(error);
  }
  showWho();
  if (me) await show();
}

function showWho() {
  byId("who").textContent = me ? t(me.id === "anonymous" ? "who.anyone" : "who", { id: me.id, roles: me.roles.join(", ") }) : "";
  const links = Object.entries(SECTIONS)
    .filter(([, { needs }]) => may(needs))
    .map(([name]) => element("a", { href: `#/${name}` }, t(/** @type {"section.keys"} */ (`section.${name}`))));
  byId("sections").replaceChildren(...links);
}

/** The view of the address, or the first that may be seen. */
async function show() {
  const [wanted = "", ...names] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const allowed = Object.keys(SECTIONS).filter((name) => may(SECTIONS[name]?.needs ?? ""));
  const name = allowed.includes(wanted) ? wanted : allowed[0];
  for (const link of byId("sections").querySelectorAll("a")) {
    const current = link.getAttribute("href") === `#/${name}`;
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (current) link.scrollIntoView({ block: "nearest", inline: "center" }); // a phone has no room for all of them
  }
  const mine = ++turn;
  leave?.();
  leave = undefined;
  const section = name === undefined ? undefined : SECTIONS[name];
  if (!section || !me) {
    byId("main").replaceChildren(notice(t("nothing.allowed"), t("nothing.allowed.how")));
    return;
  }
  const root = element("div", { class: "view", "data-view": name });
  const context = { me, may, names: name === wanted ? names : [], go, signIn };
  try {
    const { view } = await section.load();
    const done = await view(root, context);
    if (mine === turn) leave = done;
    else done?.();
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return void start();
    root.replaceChildren(notice(t("error.title"), messageOf(error)));
  }
  if (mine !== turn) return;
  byId("main").replaceChildren(root);
  if (mine > 1) /** @type {HTMLElement | null} */ (root.querySelector("h2"))?.focus();
}

/** @param {unknown} error */
function refuse(error) {
  const keyless = error instanceof Refused && error.status === 401;
  const title = keyless ? t(hasKey() ? "key.wrong" : "key.needed") : t("error.title");
  byId("main").replaceChildren(notice(title, keyless ? t("key.how") : messageOf(error)));
  if (keyless) /** @type {HTMLDetailsElement} */ (byId("sign-in")).open = true;
}

/** @param {string} title @param {string} text */
function notice(title, text) {
  return element("div", { class: "message", role: "alert" }, element("h2", { tabindex: -1 }, title), element("p", {}, text));
}

/** @param {string} hash */
function go(hash) {
  if (location.hash === hash) void show();
  else location.hash = hash;
}

/** @param {string} key */
async function signIn(key) {
  useKey(key);
  await start();
}

byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = /** @type {HTMLInputElement} */ (byId("key"));
  /** @type {HTMLDetailsElement} */ (byId("sign-in")).open = false;
  void signIn(input.value).then(() => (input.value = ""));
});
byId("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address says which view is shown
  byId("main").focus();
});
addEventListener("hashchange", () => void show());

await start();
