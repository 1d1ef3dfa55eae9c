// Texts and figures in the browser's language; English where it is another than these.

const LANGUAGES = /** @type {const} */ (["en", "nl"]);

/** @typedef {typeof LANGUAGES[number]} Language */

/** @param {readonly string[]} preferred as in `navigator.languages` @returns {Language} */
function chooseLanguage(preferred) {
  const codes = preferred.map((tag) => tag.toLowerCase().split("-")[0]);
  return LANGUAGES.find((language) => language === codes.find((code) => LANGUAGES.some((one) => one === code))) ?? "en";
}

const language = chooseLanguage(navigator.languages);

/**
 * The texts of a page.
 * @template {Record<string, string>} Texts
 * @param {Record<Language, Texts>} all
 */
export function translator(all) {
  const texts = all[language];

  /**
   * @param {keyof Texts & string} key
   * @param {Record<string, string | number>} [values] for `{name}`
   * @returns {string}
   */
  function t(key, values = {}) {
    return /** @type {string} */ (texts[key]).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  }

  /**
   * @param {string} key
   * @returns {key is keyof Texts & string}
   */
  function hasText(key) {
    return Object.hasOwn(texts, key);
  }

  /** Fill in the texts of the page's own elements: `data-t`, and attributes by `data-t-label` and the like. */
  function translatePage() {
    document.documentElement.lang = language;
    const attributes = { tLabel: "aria-label", tPlaceholder: "placeholder", tTitle: "title" };
    for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("*"))) {
      const { dataset } = element;
      if (dataset["t"]) element.textContent = t(dataset["t"]);
      for (const [name, attribute] of Object.entries(attributes)) {
        const key = dataset[name];
        if (key) element.setAttribute(attribute, t(key));
      }
    }
  }

  return { t, hasText, translatePage };
}

// Made when first needed: a page's first `Intl` object takes 40 ms, more than all else that this page does to be ready.
const seconds = whenNeeded(
  () => new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
);
const whole = whenNeeded(() => new Intl.NumberFormat(language, { maximumFractionDigits: 0 }));
const timeOfDay = whenNeeded(
  () => new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
);
const dateAndTime = whenNeeded(() => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }));
const dayOfMonth = whenNeeded(
  () => new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" }),
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

/** @param {number} at seconds since 1970 */
export function formatDate(at) {
  return dateAndTime().format(at * 1000);
}

/** @param {string} date a day of UTC, as `2026-01-31` */
export function formatDay(date) {
  return dayOfMonth().format(new Date(`${date}T00:00:00Z`));
}

/** @param {number} ms @returns {string} minutes and seconds, as `1:05.3` */
export function formatOffset(ms) {
  const total = Math.max(0, ms) / 1000;
  const rest = (total % 60).toFixed(1).padStart(4, "0");
  return `${Math.floor(total / 60)}:${rest}`;
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
