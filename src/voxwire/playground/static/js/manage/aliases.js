// Further names of deployments: official names of models, and names of one's own.

import { element } from "../dom.js";
import { all, ask, pathOf } from "./api.js";
import { button, clearProblems, confirmed, field, heading, showProblem, toast } from "./parts.js";
import { t } from "./texts/index.js";

/** @import { Context } from "./main.js" */

/** @typedef {{ name: string, deployment: string, source: "built-in" | "store" }} Alias */

/** @param {Context} context */
export async function aliases(context) {
  const root = element("section", { class: "aliases" });
  const manages = context.may("manage-deployments");
  const list = element("div", {});
  const draw = async () => {
    /** @type {Alias[]} */
    const found = await all("aliases");
    const own = found.filter(({ source }) => source === "store");
    const builtIn = found.filter(({ source }) => source !== "store");
    list.replaceChildren(
      ...(own.length ? [table(own, manages ? draw : undefined)] : []),
      ...(builtIn.length
        ? [element("details", { class: "more" }, element("summary", {}, t("aliases.builtIn", { count: builtIn.length })), table(builtIn))]
        : []),
    );
  };
  root.append(heading(t("aliases"), t("aliases.about")), list);
  if (manages) root.append(await form(draw));
  await draw();
  return root;
}

/**
 * @param {Alias[]} found
 * @param {(() => Promise<void>) | undefined} [changed] they may be deleted
 */
function table(found, changed) {
  const rows = found.map(({ name, deployment }) => {
    const remove = changed && button(t("delete"), async () => {
      const done = await confirmed({
        title: t("aliases.delete", { name }),
        text: t("aliases.delete.text", { name, deployment }),
        act: t("delete"),
        acting: () => ask("DELETE", pathOf("aliases", name)),
      });
      if (done) await changed();
    }, { "aria-label": t("delete.of", { name }) });
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, element("code", {}, name)),
      element("td", {}, element("code", {}, deployment)),
      element("td", { class: "end" }, ...(remove ? [remove] : [])),
    );
  });
  const head = [t("aliases.name"), t("aliases.target")].map((text) => element("th", { scope: "col" }, text));
  return element(
    "table",
    { class: "list" },
    element("thead", {}, element("tr", {}, ...head, element("td", {}))),
    element("tbody", {}, ...rows),
  );
}

/** @param {() => Promise<void>} changed */
async function form(changed) {
  const name = element("input", { required: true, spellcheck: "false", autocapitalize: "off", autocomplete: "off" });
  /** @type {{ name: string }[]} */
  const deployments = await all("deployments");
  const target = element("select", {}, ...deployments.map((one) => element("option", {}, one.name)));
  const made = element(
    "form",
    { class: "inline-form" },
    field("name", t("aliases.name"), name),
    field("deployment", t("aliases.target"), target),
    element("button", { class: "quiet", type: "submit" }, t("aliases.point")),
  );
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await ask("PUT", pathOf("aliases", name.value.trim()), { body: { deployment: target.value } });
      toast(t("aliases.pointed", { name: name.value, deployment: target.value }));
      made.reset();
      clearProblems(made);
      await changed();
    } catch (error) {
      showProblem(made, error);
    }
  });
  return made;
}
