// The step that chooses what answers: a set of engines, and engines of one's own in it.

import { element } from "../dom.js";
import { formatCount } from "../texts/translator.js";
import { ADDRESS, AS_IT_IS, choiceOf, KINDS, OF_PROFILE } from "./deployment-form.js";
import { badge, cards, field } from "./parts.js";
import { t } from "./texts/index.js";

/** @import { Model, StoredDeployment } from "./deployment-form.js" */

/** Profiles that are told of in words; others have only their engines. */
const TOLD = ["embedded", "laptop", "gpu", "ollama", "remote", "relay"];

/**
 * @param {Model[]} models
 * @param {StoredDeployment} [existing]
 */
export function enginesStep(models, existing) {
  const profiles = models.filter(({ source }) => source === "profile");
  profiles.sort((a, b) => order(a.id) - order(b.id));
  const choices = [
    { value: "", title: t("profile.server"), text: t("profile.server.text") },
    ...profiles.map((one) => ({ value: one.id, title: one.id, text: profileText(one), extra: readiness(one) })),
  ];
  const kinds = KINDS.map((kind) => engineField(kind, models.filter((one) => one.kind === kind), existing));
  return element(
    "fieldset",
    { class: "step" },
    element("legend", { class: "unseen" }, t("step.engines")),
    cards("profile", t("profile"), choices, existing?.profile ?? ""),
    element("h3", {}, t("engines")),
    element("p", { class: "hint" }, t("engines.about")),
    ...kinds,
  );
}

/** @param {string} profile */
function order(profile) {
  const place = TOLD.indexOf(profile);
  return place < 0 ? TOLD.length : place;
}

/** @param {Model} one */
function profileText({ id, engines, why }) {
  const told = TOLD.includes(id) ? t(/** @type {"profile.embedded"} */ (`profile.${id}`)) : "";
  const made = engines.length ? t("profile.engines", { engines: engines.join(", ") }) : "";
  return [told, made, why ?? ""].filter((text) => text).join(" ");
}

/** @param {Model} one @returns {HTMLElement} */
function readiness({ ready }) {
  if (ready === null) return badge(t("ready.unknown"));
  return ready ? badge(t("ready.yes"), "good") : badge(t("ready.no"), "waiting");
}

/**
 * @param {typeof KINDS[number]} kind
 * @param {Model[]} models
 * @param {StoredDeployment} [existing]
 */
function engineField(kind, models, existing) {
  const chosen = choiceOf(existing?.[kind], models, kind);
  const offered = models.filter(({ id, runs }) => runs === "here" || id === chosen);
  const select = element("select", {}, option(OF_PROFILE, t("engine.profile")));
  if (kind === "llm") select.append(option(ADDRESS, t("engine.address")));
  if (chosen === AS_IT_IS) select.append(option(AS_IT_IS, t("engine.asItIs", { name: existing?.[kind]?.name ?? "" })));
  select.append(...groups(offered, kind));
  select.value = chosen;
  const about = element("div", { class: "about-model" });
  const made = field(kind, t(`kind.${kind}`), select);
  made.append(about);
  const address = kind === "llm" ? addressFields(existing) : undefined;
  if (address) made.append(address);
  const draw = () => {
    const model = models.find(({ id }) => id === select.value);
    about.replaceChildren(...(model ? aboutModel(model) : []));
    if (address) address.hidden = select.value !== ADDRESS;
  };
  select.addEventListener("change", draw);
  draw();
  return made;
}

/** @param {Model[]} models @param {string} kind */
function groups(models, kind) {
  const ready = models.filter((one) => one.ready !== false);
  const others = models.filter((one) => one.ready === false);
  /** @type {[string, Model[]][]} */
  const found = [[t("engine.ready"), ready], [t("engine.notReady"), others]];
  return found
    .filter(([, list]) => list.length > 0)
    .map(([label, list]) => element("optgroup", { label }, ...list.map(({ id }) => option(id, id.replace(`${kind}.`, "")))));
}

/** @param {string} value @param {string} label */
function option(value, label) {
  return element("option", { value }, label);
}

/** @param {Model} model @returns {Node[]} what it is, under which licence, and why it is not ready */
function aboutModel({ about, licence, languages, bytes, ready, why }) {
  const facts = [
    about,
    licence && t("model.licence", { licence }),
    languages.length > 0 && t("model.languages", { languages: languages.slice(0, 8).join(", ") }),
    bytes !== null && t("model.size", { megabytes: formatCount(bytes / 1e6) }),
  ].filter((fact) => fact);
  const nodes = [element("p", { class: "hint" }, facts.join(" · "))];
  if (ready === false) nodes.push(element("p", { class: "problem" }, why ?? t("ready.no")));
  return nodes;
}

/** @param {StoredDeployment} [existing] */
function addressFields(existing) {
  const { base_url: address, model } = existing?.llm?.options ?? {};
  const url = element("input", { type: "url", spellcheck: "false", placeholder: "http://127.0.0.1:11434/v1", value: String(address ?? "") });
  const name = element("input", { spellcheck: "false", autocapitalize: "off", value: String(model ?? "") });
  return element(
    "div",
    { class: "field-row" },
    field("llm.base_url", t("engine.url"), url),
    field("llm.model", t("engine.model"), name, t("engine.model.hint")),
  );
}
