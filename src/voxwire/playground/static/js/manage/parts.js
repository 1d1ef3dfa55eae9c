// What every view is made of: states, fields, questions, rows.

import { byId, element } from "../dom.js";
import { Refused } from "./api.js";
import { t } from "./texts/index.js";

/**
 * @param {string} text
 * @param {"good" | "bad" | "waiting" | "plain"} tone
 */
export function badge(text, tone = "plain") {
  return element("span", { class: "badge", "data-tone": tone }, text);
}

/**
 * @param {string} label
 * @param {(event: Event) => void} act
 * @param {Record<string, string | boolean>} [attributes]
 */
export function button(label, act, attributes = {}) {
  return element("button", { class: "quiet", type: "button", onclick: act, ...attributes }, label);
}

/**
 * The top of a view. @param {string} title @param {string} [about] @param {(Node | string)[]} actions
 */
export function heading(title, about, ...actions) {
  const words = element("div", {}, element("h2", { tabindex: -1 }, title));
  if (about) words.append(element("p", { class: "hint" }, about));
  return element("div", { class: "heading" }, words, element("div", { class: "actions" }, ...actions));
}

/** @param {string} text */
export function empty(text) {
  return element("p", { class: "empty" }, text);
}

/**
 * A field of a form with its label, a hint, and room for what is wrong.
 * @param {string} name as the server calls it: `limits.requests_per_minute`
 * @param {string} label
 * @param {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} control
 * @param {string} [hint]
 */
export function field(name, label, control, hint) {
  const id = `field-${name.replaceAll(".", "-")}`;
  control.id = id;
  control.name = name;
  control.setAttribute("aria-describedby", `${id}-hint ${id}-problem`);
  return element(
    "div",
    { class: "field", "data-field": name },
    element("label", { for: id }, label),
    control,
    element("p", { class: "hint", id: `${id}-hint` }, hint ?? ""),
    element("p", { class: "problem", id: `${id}-problem`, role: "status" }),
  );
}

/**
 * One of several, as cards with a title and a line of text.
 * @param {string} name
 * @param {string} legend
 * @param {{ value: string, title: string, text?: string, extra?: Node | undefined }[]} choices
 * @param {string} chosen
 */
export function cards(name, legend, choices, chosen) {
  const made = choices.map(({ value, title, text, extra }) => {
    const input = element("input", { type: "radio", name, value, checked: value === chosen });
    const words = element("span", {}, element("strong", {}, title));
    if (extra) words.append(extra);
    if (text) words.append(element("small", {}, text));
    return element("label", { class: "card-choice" }, input, words);
  });
  const problem = element("p", { class: "problem", role: "status" });
  return element(
    "fieldset",
    { class: "cards", "data-field": name },
    element("legend", {}, legend),
    element("div", {}, ...made),
    problem,
  );
}

/**
 * Show what is wrong beside the field that is meant.
 * @param {HTMLElement} form
 * @param {unknown} error
 * @returns {HTMLElement | undefined} the field
 */
export function showProblem(form, error) {
  clearProblems(form);
  const param = error instanceof Refused ? error.param : "";
  const fields = /** @type {HTMLElement[]} */ ([...form.querySelectorAll("[data-field]")]);
  const meant = fields.find(({ dataset }) => dataset["field"] === param)
    ?? fields.find(({ dataset }) => param && (param.startsWith(`${dataset["field"]}.`) || dataset["field"]?.startsWith(`${param}.`)));
  const place = meant?.querySelector(".problem") ?? form.querySelector(".form-problem");
  if (place) place.textContent = messageOf(error);
  const control = /** @type {HTMLElement | null | undefined} */ (meant?.querySelector("input, select, textarea"));
  control?.setAttribute("aria-invalid", "true");
  return meant;
}

/** @param {HTMLElement} form */
export function clearProblems(form) {
  for (const place of form.querySelectorAll(".problem")) place.textContent = "";
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

/** @param {unknown} error */
export function messageOf(error) {
  if (!(error instanceof Refused)) return t("error.page", { message: String(error) });
  return error.status === 0 ? t("error.unreachable") : error.message;
}

/**
 * Ask whether something shall really be done; do it, and close once it is done.
 * @param {{ title: string, text: string, act: string, acting: () => Promise<unknown> }} question
 * @returns {Promise<boolean>} whether it was done
 */
export function confirmed({ title, text, act, acting }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("confirm"));
  const problem = element("p", { class: "problem", role: "alert" });
  const yes = button(act, async () => {
    yes.disabled = true;
    try {
      await acting();
      dialog.close("done");
    } catch (error) {
      problem.textContent = messageOf(error);
      yes.disabled = false;
    }
  }, { class: "quiet danger" });
  const no = button(t("cancel"), () => dialog.close(""), { autofocus: true });
  dialog.returnValue = "";
  dialog.replaceChildren(
    element("h2", { id: "confirm-title" }, title),
    element("p", {}, text),
    problem,
    element("div", { class: "actions" }, no, yes),
  );
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "done"), { once: true });
  });
}

/** @param {string} text */
export function toast(text) {
  const place = byId("toast");
  place.textContent = text;
  place.hidden = false;
  setTimeout(() => (place.hidden = true), 2000);
}

/** @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("copied"));
  } catch {
    toast(t("copy.failed"));
  }
}
