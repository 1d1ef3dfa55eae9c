// The setup panel: a form that shows the settings, keeps them, and tells of every change.

import { byId, element } from "./dom.js";
import { DEFAULTS, loadKey, loadSettings, saveSettings, VOICES } from "./settings.js";
import { hasText, t } from "./texts/index.js";
import { EXAMPLE, EXAMPLE_STUB, parseTools } from "./tools.js";
import { ConnectionError, listDeployments } from "./service.js";

/** @import { Settings } from "./settings.js" */

/** Typing is over when nothing was typed for as long. */
const TYPING_MS = 500;

const NUMBERS = new Set(["speed", "temperature", "threshold", "silence", "padding"]);

export class SetupView {
  /** @type {Settings} */
  settings = { ...loadSettings(), key: loadKey() };
  /** @type {import("./tools.js").Tool[]} */
  tools = [];
  #form = /** @type {HTMLFormElement} */ (byId("settings"));
  /** @type {import("./service.js").Deployment[]} */
  #deployments = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #onChange;

  /** @param {() => void} onChange settings are other than they were, and valid */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#show();
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#form.addEventListener("input", (event) => this.#edited(/** @type {HTMLInputElement} */ (event.target)));
    this.#form.addEventListener("change", (event) => this.#settled(/** @type {HTMLInputElement} */ (event.target)));
    byId("tools-example").addEventListener("click", () => this.#insertExample());
    byId("reset").addEventListener("click", () => this.#reset());
    void this.refreshDeployments();
  }

  /** Ask the server what there is. Problems show where they are solved: beside the deployment and the key. */
  async refreshDeployments() {
    try {
      this.#deployments = await listDeployments(this.settings.key);
    } catch (error) {
      this.#deployments = [];
      const code = error instanceof ConnectionError ? error.code : "unknown";
      if (code === "key") byId("key").setAttribute("placeholder", t("key.needed"));
      byId("deployment-hint").textContent = t(`connection.${code === "noDeployment" ? "unknown" : code}`, { name: "" });
      return;
    }
    byId("deployments").replaceChildren(...this.#deployments.map(({ id }) => element("option", { value: id })));
    const [first] = this.#deployments;
    const field = /** @type {HTMLInputElement} */ (byId("deployment"));
    // Who is about to type a name is not interrupted.
    const free = field.value === "" && document.activeElement !== field;
    if (!this.settings.deployment && first && free) {
      this.set("deployment", first.id);
      this.#show();
    }
    this.#describeDeployment();
  }

  /**
   * @template {keyof Settings} Name
   * @param {Name} name
   * @param {Settings[Name]} value
   */
  set(name, value) {
    this.settings = { ...this.settings, [name]: value };
    saveSettings(this.settings);
  }

  /** @param {HTMLInputElement} field that was typed into */
  #edited(field) {
    this.#showOutput(field);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settled(field), TYPING_MS);
  }

  /** @param {HTMLInputElement} field that is complete */
  #settled(field) {
    clearTimeout(this.#timer);
    // A field that was emptied is empty: what stood there before must not be connected to.
    if (!field.name || !(field.validity.valid || field.validity.valueMissing)) return;
    if (field.dataset["stub"] !== undefined) {
      this.set("stubs", { ...this.settings.stubs, [field.dataset["stub"]]: field.value });
      return;
    }
    const name = /** @type {keyof Settings} */ (field.name);
    const value = valueOf(field);
    if (this.settings[name] === value) return;
    this.set(name, /** @type {any} */ (value));
    this.#adapt();
    if (name === "key") void this.refreshDeployments();
    if (name === "deployment") this.#describeDeployment();
    this.#onChange();
  }

  #show() {
    this.#offerVoices();
    for (const field of /** @type {Iterable<HTMLInputElement>} */ (/** @type {unknown} */ (this.#form.elements))) {
      if (!field.name || field.dataset["stub"] !== undefined) continue;
      const value = this.settings[/** @type {keyof Settings} */ (field.name)];
      if (field.type === "radio") field.checked = field.value === value;
      else if (field.type === "checkbox") field.checked = value === true;
      else field.value = String(value ?? "");
      this.#showOutput(field);
    }
    this.#adapt();
  }

  /** @param {HTMLInputElement} field */
  #showOutput(field) {
    if (field.type !== "range") return;
    const output = this.#form.querySelector(`output[for="${field.id}"]`);
    if (output) output.textContent = Number(field.value).toFixed(2);
  }

  /** Show what the settings at hand make possible, and check the tools. */
  #adapt() {
    byId("vad").hidden = this.settings.turns !== "vad";
    for (const only of /** @type {NodeListOf<HTMLElement>} */ (this.#form.querySelectorAll("[data-only]"))) {
      only.hidden = only.dataset["only"] !== this.settings.dialect;
    }
    const { tools, problem } = parseTools(this.settings.tools);
    // While the text is wrong, the tools stay what they were.
    if (!problem) this.tools = tools;
    byId("tools-problem").textContent = problem ? t(problem.key, problem.values) : "";
    byId("tools").setAttribute("aria-invalid", String(problem !== undefined));
    const names = this.tools.map(({ name }) => name);
    const stubs = byId("stubs");
    if (stubs.dataset["names"] === names.join(" ")) return;
    stubs.dataset["names"] = names.join(" ");
    stubs.replaceChildren(...names.map((name) => this.#stub(name)));
  }

  /** @param {string} name of a function */
  #stub(name) {
    const id = `stub-${name}`;
    const field = element("textarea", {
      id,
      name: id,
      "data-stub": name,
      class: "code",
      rows: 2,
      spellcheck: "false",
      placeholder: t("tools.stub.hint"),
    });
    field.value = this.settings.stubs[name] ?? "";
    return element("div", { class: "field" }, element("label", { for: id }, t("tools.stub", { name })), field);
  }

  /**
   * What answers at a deployment, in words of the server; empty when it is not known.
   * @param {string} deployment
   */
  labelOf(deployment) {
    return this.#find(deployment)?.label ?? "";
  }

  /** @param {string} deployment */
  #find(deployment) {
    return this.#deployments.find(({ id }) => id === deployment);
  }

  /** The voices of the deployment, those of the API first; the chosen one is always there, for it is what is sent. */
  #offerVoices() {
    const found = this.#find(this.settings.deployment)?.voices ?? VOICES;
    const [known, own] = [VOICES.filter((name) => found.includes(name)), found.filter((name) => !VOICES.includes(name))];
    const names = new Set([...known, ...own, this.settings.voice]);
    const field = /** @type {HTMLSelectElement} */ (byId("voice"));
    field.replaceChildren(...[...names].map((name) => element("option", { value: name }, name)));
    field.value = this.settings.voice;
  }

  #describeDeployment() {
    this.#offerVoices();
    const found = this.#find(this.settings.deployment);
    const answers = found?.label ? t("deployment.answers", { label: found.label }) : "";
    byId("deployment-hint").textContent = found?.ready === false ? t("deployment.notReady") : answers;
    const stored = found?.stored ? storedText(found.stored) : "";
    byId("stored-hint").textContent = stored;
    byId("stored-hint").hidden = stored === "";
  }

  #insertExample() {
    this.set("stubs", { ...this.settings.stubs, get_weather: EXAMPLE_STUB });
    this.set("tools", EXAMPLE);
    this.#show();
    this.#onChange();
  }

  #reset() {
    this.settings = { ...DEFAULTS, stubs: {}, key: this.settings.key, deployment: this.#deployments[0]?.id ?? "" };
    saveSettings(this.settings);
    this.#show();
    this.#describeDeployment();
    this.#onChange();
  }
}

/** @param {string} stored what is kept of conversations: `none`, `text; 30 days` @returns {string} the same in words */
function storedText(stored) {
  const [what = "", days = ""] = stored.split("; ");
  const key = `stored.${what}`;
  return hasText(key) ? t(key, { days: parseInt(days, 10) }) : stored;
}

/** @param {HTMLInputElement} field */
function valueOf({ name, type, value, checked }) {
  if (type === "checkbox") return checked;
  if (name === "idle") return value === "" ? null : Number(value);
  return NUMBERS.has(name) ? Number(value) : value.trim() === "" ? "" : value;
}
