// A deployment in three steps: its name, what answers, and how.

import { element } from "../dom.js";
import { all, ask, pathOf, serverUrl } from "./api.js";
import { differences, settingsOf } from "./deployment-form.js";
import { clearProblems, field, heading, showProblem, toast } from "./parts.js";
import { t } from "./texts/index.js";
import { enginesStep } from "./wizard-engines.js";
import { behaviourStep } from "./wizard-behaviour.js";

/** @import { Context } from "./main.js" */
/** @import { Model, StoredDeployment } from "./deployment-form.js" */

/**
 * @param {HTMLElement} root
 * @param {Context} context
 * @param {StoredDeployment} [existing] to change; none: to make one
 */
export async function wizard(root, context, existing) {
  /** @type {Model[]} */
  const models = await all("models");
  const steps = [nameStep(existing), enginesStep(models, existing), behaviourStep(models, existing)];
  const marks = element("ol", { class: "steps" });
  const back = element("button", { class: "quiet", type: "button" }, t("back"));
  const next = element("button", { class: "quiet strong", type: "submit" });
  const leave = element("a", { class: "quiet", href: "#/deployments" }, t("cancel"));
  const problem = element("p", { class: "problem form-problem", role: "alert" });
  // The server's words are better than the browser's, and are in the place where they are needed.
  const form = element("form", { class: "wizard", novalidate: true, autocomplete: "off" }, ...steps, problem, element("div", { class: "actions" }, leave, back, next));
  let current = 0;

  /** @param {number} step */
  const show = (step) => {
    current = step;
    steps.forEach((one, index) => (one.hidden = index !== step));
    marks.replaceChildren(...titles().map((title, index) => mark(title, index, step, () => show(index))));
    back.hidden = step === 0;
    next.textContent = t(step < steps.length - 1 ? "next" : existing ? "save" : "deployments.create");
  };
  back.addEventListener("click", () => show(current - 1));
  const before = settingsOf(new FormData(form), models);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearProblems(form);
    problem.textContent = "";
    if (!namesIt(form)) return show(0);
    if (current < steps.length - 1) return show(current + 1);
    next.disabled = true;
    try {
      const name = await save(form, models, before, existing);
      toast(t(existing ? "saved" : "deployments.created", { name }));
      context.go("#/deployments");
    } catch (error) {
      const meant = showProblem(form, error);
      const step = steps.findIndex((one) => meant && one.contains(meant));
      if (step >= 0) show(step);
      /** @type {HTMLElement | null | undefined} */ (meant?.querySelector("input, select, textarea"))?.focus();
    } finally {
      next.disabled = false;
    }
  });
  show(existing ? 1 : 0);
  const title = existing ? t("deployments.edit", { name: existing.name }) : t("deployments.new");
  root.append(heading(title), marks, form);
}

/**
 * @param {HTMLFormElement} form
 * @param {Model[]} models
 * @param {Record<string, unknown>} before
 * @param {StoredDeployment} [existing]
 * @returns {Promise<string>} its name
 */
async function save(form, models, before, existing) {
  const data = new FormData(form);
  const body = differences(before, settingsOf(data, models));
  if (existing) {
    await ask("PATCH", pathOf("deployments", existing.name), { body, etag: existing.etag });
    return existing.name;
  }
  const name = String(data.get("name")).trim();
  await ask("POST", "deployments", { body: { name, ...body } });
  return name;
}

/** @param {HTMLFormElement} form @returns {boolean} whether a name is given; it says so, where it is not */
function namesIt(form) {
  const input = /** @type {HTMLInputElement} */ (form.elements.namedItem("name"));
  const valid = input.disabled || input.validity.valid;
  if (valid) return true;
  input.setAttribute("aria-invalid", "true");
  const place = input.closest("[data-field]")?.querySelector(".problem");
  if (place) place.textContent = t("name.rule");
  input.focus();
  return false;
}

/** @param {StoredDeployment} [existing] */
function nameStep(existing) {
  const input = element("input", {
    required: true,
    maxlength: 64,
    pattern: "[A-Za-z0-9][A-Za-z0-9._\\-]*",
    spellcheck: "false",
    autocapitalize: "off",
    value: existing?.name ?? "",
    placeholder: "my-gpt4o",
    disabled: existing !== undefined,
  });
  const example = element("code", { class: "example" });
  const draw = () => (example.textContent = `${serverUrl()}/openai/realtime?deployment=${input.value.trim() || "my-gpt4o"}`);
  input.addEventListener("input", draw);
  draw();
  return element(
    "fieldset",
    { class: "step" },
    element("legend", { class: "unseen" }, t("step.name")),
    field("name", t("name"), input, t("name.hint")),
    element("p", { class: "hint" }, t("name.example"), " ", example),
  );
}

function titles() {
  return [t("step.name"), t("step.engines"), t("step.behaviour")];
}

/**
 * @param {string} title
 * @param {number} index
 * @param {number} current
 * @param {() => void} show
 */
function mark(title, index, current, show) {
  const words = [element("span", { class: "number", "aria-hidden": "true" }, String(index + 1)), title];
  const state = index === current ? "step" : undefined;
  if (index < current) return element("li", {}, element("button", { type: "button", onclick: show }, ...words));
  return element("li", { "aria-current": state }, element("span", {}, ...words));
}
