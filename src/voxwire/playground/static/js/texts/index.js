// Texts in the browser's language; English where it is another than these.

import en from "./en.js";
import nl from "./nl.js";

/** @typedef {keyof typeof en} TextKey */

const LANGUAGES = { en, nl };

/** @param {readonly string[]} preferred as in `navigator.languages` */
function chooseLanguage(preferred) {
  const codes = preferred.map((tag) => tag.toLowerCase().split("-")[0]);
  return codes.find((code) => code !== undefined && Object.hasOwn(LANGUAGES, code)) ?? "en";
}

const language = chooseLanguage(navigator.languages);

const texts = LANGUAGES[/** @type {keyof typeof LANGUAGES} */ (language)];

/**
 * @param {TextKey} key
 * @param {Record<string, string | number>} [values] for `{name}`
 * @returns {string}
 */
export function t(key, values = {}) {
  return texts[key].replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * @param {string} key
 * @returns {key is TextKey}
 */
export function hasText(key) {
  return Object.hasOwn(texts, key);
}

/** Fill in the texts of the page's own elements: `data-t`, and attributes by `data-t-label` and the like. */
export function translatePage() {
  document.documentElement.lang = language;
  const attributes = { tLabel: "aria-label", tPlaceholder: "placeholder", tTitle: "title" };
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("*"))) {
    const { dataset } = element;
    if (dataset.t) element.textContent = t(/** @type {TextKey} */ (dataset.t));
    for (const [name, attribute] of Object.entries(attributes)) {
      const key = dataset[name];
      if (key) element.setAttribute(attribute, t(/** @type {TextKey} */ (key)));
    }
  }
}

// Made when first needed: a page's first `Intl` object takes 40 ms, more than all else that this page does to be ready.
const seconds = whenNeeded(
  () => new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
);
const whole = whenNeeded(() => new Intl.NumberFormat(language, { maximumFractionDigits: 0 }));
const timeOfDay = whenNeeded(
  () => new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
);

/** @param {number} ms */
export function formatSeconds(ms) {
  return `${seconds().format(ms / 1000)} s`;
}

/** @param {number | undefined} ms nothing for what is not known */
export function formatMs(ms) {
  return ms === undefined ? "–" : `${whole().format(ms)} ms`;
}

/** @param {number} count */
export function formatCount(count) {
  return whole().format(count);
}

/** @param {number} at ms since the page began */
export function formatTimeOfDay(at) {
  return timeOfDay().format(performance.timeOrigin + at);
}

/**
 * @template T
 * @param {() => T} make
 * @returns {() => T} the same one each time
 */
function whenNeeded(make) {
  /** @type {T | undefined} */
  let made;
  return () => (made ??= make());
}
