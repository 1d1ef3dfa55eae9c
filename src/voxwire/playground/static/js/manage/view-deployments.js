// Deployments: what there is and how it is; the form for one of them; further names.

import { element } from "../dom.js";
import { formatDate } from "../texts/translator.js";
import { all, ask, pathOf } from "./api.js";
import { aliases } from "./aliases.js";
import { badge, button, confirmed, empty, heading, toast } from "./parts.js";
import { t } from "./texts/index.js";
import { wizard } from "./wizard.js";

/** @import { Context } from "./main.js" */
/** @import { StoredDeployment } from "./deployment-form.js" */

/** While an engine starts, the list is asked again as often. */
const LOOK_MS = 1500;

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
export async function view(root, context) {
  const [name] = context.names;
  if (name === undefined) return list(root, context);
  return wizard(root, context, name === "new" ? undefined : await ask("GET", pathOf("deployments", name)));
}

/**
 * @param {HTMLElement} root
 * @param {Context} context
 */
async function list(root, context) {
  const rows = element("ul", { class: "rows" });
  const make = element("a", { class: "quiet strong", href: "#/deployments/new" }, t("deployments.new"));
  root.append(heading(t("section.deployments"), t("deployments.about"), ...(context.may("manage-deployments") ? [make] : [])), rows);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let shown = "";
  const look = async () => {
    /** @type {StoredDeployment[]} */
    const found = await all("deployments");
    // What did not change stays: somebody may be about to press one of its buttons.
    if (shown !== (shown = JSON.stringify(found))) rows.replaceChildren(...found.map((one) => row(one, context, look)));
    if (found.length === 0) rows.replaceChildren(empty(t("deployments.none")));
    if (found.some(({ status }) => status === "starting")) {
      clearTimeout(timer);
      timer = setTimeout(() => void look().catch(() => {}), LOOK_MS); // it is asked again when the view is opened again
    }
  };
  await look();
  root.append(await aliases(context));
  return () => clearTimeout(timer);
}

/**
 * @param {StoredDeployment} one
 * @param {Context} context
 * @param {() => Promise<void>} changed
 */
function row(one, context, changed) {
  const facts = [
    one.label,
    t(one.source === "settings" ? "deployments.source.settings" : "deployments.source.store"),
    one.region,
    one.created_at && t("created", { when: formatDate(one.created_at), by: one.created_by ?? "–" }),
  ].filter((fact) => fact);
  const item = element(
    "li",
    { class: "row", "data-name": one.name },
    element(
      "div",
      { class: "row-words" },
      element("p", { class: "row-title" }, element("code", {}, one.name), stateOf(one), storedBadge(one)),
      element("p", { class: "hint" }, facts.join(" · ")),
    ),
  );
  const trouble = [one.failed && t("deployments.failed", { kind: kindOf(one.failed) }), one.why].filter((text) => text).join(" ");
  if (trouble) item.firstElementChild?.append(element("p", { class: "problem" }, trouble));
  if (one.hides_stored) item.firstElementChild?.append(element("p", { class: "hint" }, t("deployments.hides")));
  if (one.source === "store" && context.may("manage-deployments")) {
    const edit = element("a", { class: "quiet", href: `#/deployments/${encodeURIComponent(one.name)}`, "aria-label": t("edit.of", { name: one.name }) }, t("edit"));
    const remove = button(t("delete"), async () => {
      const done = await confirmed({
        title: t("deployments.delete", { name: one.name }),
        text: t("deployments.delete.text"),
        act: t("delete"),
        acting: () => ask("DELETE", pathOf("deployments", one.name)),
      });
      if (!done) return;
      toast(t("deleted", { name: one.name }));
      await changed();
    }, { "aria-label": t("delete.of", { name: one.name }) });
    item.append(element("div", { class: "actions" }, edit, remove));
  }
  return item;
}

/** @param {StoredDeployment} one */
function stateOf({ status }) {
  const tones = /** @type {const} */ ({ ready: "good", starting: "waiting", failing: "bad", disabled: "plain" });
  return badge(t(`status.${status}`), tones[status]);
}

/** @param {StoredDeployment} one */
function storedBadge({ store, retention_days: days }) {
  return badge(store === "none" ? t("store.none.short") : t("store.kept", { what: t(`store.${store}.short`), days }));
}

/** @param {string} kind of an engine */
export function kindOf(kind) {
  return ["stt", "llm", "tts", "turn"].includes(kind) ? t(/** @type {"kind.stt"} */ (`kind.${kind}`)) : kind;
}
