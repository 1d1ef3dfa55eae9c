// The step that says how a deployment behaves: its words, its voice, when it answers, what is kept, how much is allowed.

import { element } from "../dom.js";
import { VOICES } from "../settings.js";
import { LIMITS } from "./deployment-form.js";
import { cards, field } from "./parts.js";
import { t } from "./texts/index.js";

/** @import { Model, StoredDeployment } from "./deployment-form.js" */

/**
 * @param {Model[]} models
 * @param {StoredDeployment} [existing]
 */
export function behaviourStep(models, existing) {
  const instructions = element("textarea", { rows: 4, placeholder: t("instructions.hint") });
  instructions.value = existing?.instructions ?? "";
  return element(
    "fieldset",
    { class: "step" },
    element("legend", { class: "unseen" }, t("step.behaviour")),
    field("instructions", t("instructions"), instructions, t("instructions.about")),
    voiceField(models, existing),
    ...turnFields(existing),
    ...storeFields(existing),
    ...limitFields(existing),
    element(
      "div",
      { class: "field-row" },
      field("region", t("region"), text(existing?.region, { maxlength: 64, placeholder: "westeurope" }), t("region.hint")),
      field("content_policy", t("policy"), text(existing?.content_policy, { maxlength: 64 }), t("policy.hint")),
    ),
    element(
      "label",
      { class: "switch" },
      element("input", { type: "checkbox", role: "switch", name: "enabled", checked: existing?.enabled ?? true }),
      element("span", {}, t("enabled")),
    ),
  );
}

/** @param {Model[]} models @param {StoredDeployment} [existing] */
function voiceField(models, existing) {
  const found = new Set([...VOICES, ...models.filter(({ kind }) => kind === "tts").flatMap(({ voices }) => voices)]);
  const list = element("datalist", { id: "voices" }, ...[...found].map((voice) => element("option", { value: voice })));
  const made = field("voice", t("voice"), text(existing?.voice, { list: "voices", placeholder: "alloy" }), t("voice.hint"));
  made.append(list);
  return made;
}

/** @param {StoredDeployment} [existing] */
function turnFields(existing) {
  const turns = existing?.turn_detection;
  const type = element(
    "select",
    {},
    ...["", "server_vad", "semantic_vad", "none"].map((value) =>
      element("option", { value }, t(/** @type {"turns.default"} */ (`turns.${value || "default"}`))),
    ),
  );
  type.value = turns?.type ?? "";
  const eagerness = element("select", {}, ...["auto", "low", "medium", "high"].map((value) => element("option", { value }, t(/** @type {"eagerness.auto"} */ (`eagerness.${value}`)))));
  eagerness.value = turns?.eagerness ?? "auto";
  const bySilence = element(
    "div",
    { class: "field-row" },
    field("turn_detection.silence_duration_ms", t("silence"), number(turns?.silence_duration_ms, { placeholder: "500" })),
    field("turn_detection.threshold", t("threshold"), number(turns?.threshold, { step: "0.05", placeholder: "0.5" })),
  );
  const byMeaning = element("div", {}, field("turn_detection.eagerness", t("eagerness"), eagerness));
  const draw = () => {
    bySilence.hidden = type.value !== "server_vad";
    byMeaning.hidden = type.value !== "semantic_vad";
  };
  type.addEventListener("change", draw);
  draw();
  return [field("turn_detection.type", t("turns"), type), bySilence, byMeaning];
}

/** @param {StoredDeployment} [existing] */
function storeFields(existing) {
  const days = field("retention_days", t("retention"), number(existing?.retention_days ?? 30, { min: 1, max: 3650 }), t("retention.hint"));
  const choices = /** @type {const} */ (["none", "text", "text+audio"]).map((value) => ({
    value,
    title: t(`store.${value}`),
    text: t(`store.${value}.text`),
  }));
  const made = cards("store", t("store"), choices, existing?.store ?? "none");
  const draw = () => {
    days.hidden = /** @type {HTMLInputElement | null} */ (made.querySelector("input:checked"))?.value === "none";
  };
  made.addEventListener("change", draw);
  draw();
  return [made, days];
}

/** @param {StoredDeployment} [existing] */
function limitFields(existing) {
  const fields = LIMITS.map((name) =>
    field(`limits.${name}`, t(`limit.${name}`), number(existing?.limits[name], { min: 1, placeholder: t("limit.none") })),
  );
  return [element("h3", {}, t("limits")), element("p", { class: "hint" }, t("limits.about")), element("div", { class: "field-row" }, ...fields)];
}

/**
 * @param {string | null | undefined} value
 * @param {Record<string, string | number>} attributes
 */
function text(value, attributes) {
  return element("input", { value: value ?? "", spellcheck: "false", ...attributes });
}

/**
 * @param {number | null | undefined} value
 * @param {Record<string, string | number>} attributes
 */
function number(value, attributes) {
  return element("input", { type: "number", inputmode: "numeric", value: value ?? "", ...attributes });
}
