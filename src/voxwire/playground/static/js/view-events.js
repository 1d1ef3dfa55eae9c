// The list of events: filtered, searched, opened, copied.

import { byId, element, oncePerFrame } from "./dom.js";
import { asJavaScript, asPython } from "./event-code.js";
import { isError, matches, MOST_EVENTS } from "./event-log.js";
import { formatCount, t } from "./texts/index.js";

/**
 * @import { EventFilter, EventLog, LogEntry } from "./event-log.js"
 * @import { Settings } from "./settings.js"
 */

const FOLLOWING_PX = 60;

export class EventsView {
  #panel = byId("events");
  #list = byId("event-list");
  /** @type {EventFilter} */
  #filter = { show: "all", search: "", audio: false };
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();
  /** @type {Map<number, LogEntry>} */
  #waiting = new Map();
  /** The last entry that was drawn, or would have been but for the filter. */
  #last = 0;
  /** The list shows its end, and goes on doing so. */
  #following = true;
  #drawSoon;
  #log;
  #settings;
  #onCopied;

  /**
   * @param {() => EventLog} log
   * @param {() => Settings} settings
   * @param {(done: boolean) => void} onCopied
   */
  constructor(log, settings, onCopied) {
    this.#log = log;
    this.#settings = settings;
    this.#onCopied = onCopied;
    this.#drawSoon = oncePerFrame(() => this.#draw());
    const filter = /** @type {HTMLSelectElement} */ (byId("event-filter"));
    for (const show of /** @type {const} */ (["all", "in", "out", "errors"])) {
      filter.append(element("option", { value: show }, t(`events.${show}`)));
    }
    filter.addEventListener("change", () => {
      this.#refilter({ show: /** @type {EventFilter["show"]} */ (filter.value) });
    });
    const search = /** @type {HTMLInputElement} */ (byId("event-search"));
    search.addEventListener("input", () => this.#refilter({ search: search.value.trim().toLowerCase() }));
    const audio = /** @type {HTMLInputElement} */ (byId("event-audio"));
    audio.addEventListener("change", () => this.#refilter({ audio: audio.checked }));
    this.#list.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#list;
      this.#following = scrollHeight - scrollTop - clientHeight < FOLLOWING_PX;
    });
    byId("events-clear").addEventListener("click", () => {
      this.#log().clear();
      this.#refilter({});
    });
  }

  /** @param {LogEntry} entry that was added, or counts one more */
  changed(entry) {
    this.#waiting.set(entry.number, entry);
    this.#drawSoon();
  }

  /** The list can be seen now, if its panel can: while it could not, nothing was drawn. */
  shown() {
    if (this.#panel.hidden) return;
    const missed = this.#log().entries.filter(({ number }) => number >= this.#last);
    this.#waiting = new Map(missed.map((entry) => [entry.number, entry]));
    this.#draw();
    this.#follow();
  }

  #follow() {
    // Asking for the height has the page laid out, which an empty list is not worth.
    if (this.#following && this.#rows.size > 0) this.#list.scrollTop = this.#list.scrollHeight;
  }

  /** @param {Partial<EventFilter>} change */
  #refilter(change) {
    this.#filter = { ...this.#filter, ...change };
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#waiting = new Map(this.#log().entries.map((entry) => [entry.number, entry]));
    this.#draw();
  }

  #draw() {
    // While one listens there are fifty events a second that only count up: no reason to lay out the page again.
    const count = countOf(this.#log());
    if (byId("event-count").textContent !== count) byId("event-count").textContent = count;
    if (this.#panel.hidden) {
      this.#waiting.clear();
      return;
    }
    const rows = this.#rows.size;
    for (const entry of this.#waiting.values()) this.#drawEntry(entry);
    this.#waiting.clear();
    this.#last = this.#log().entries.at(-1)?.number ?? this.#last;
    const grown = this.#rows.size > rows;
    const oldest = this.#log().entries[0]?.number ?? Infinity;
    for (const [number, row] of this.#rows) {
      if (number >= oldest) break;
      row.remove();
      this.#rows.delete(number);
    }
    byId("event-empty").hidden = this.#rows.size > 0;
    if (grown) this.#follow();
  }

  /** @param {LogEntry} entry */
  #drawEntry(entry) {
    const known = this.#rows.get(entry.number);
    if (known) {
      const times = known.querySelector(".times");
      if (times) times.textContent = `× ${formatCount(entry.count)}`;
    } else if (matches(entry, this.#filter)) {
      const row = this.#row(entry);
      this.#rows.set(entry.number, row);
      this.#list.append(row);
    }
  }

  /** @param {LogEntry} entry */
  #row(entry) {
    const button = element(
      "button",
      { type: "button", "aria-expanded": "false" },
      element("time", {}, (entry.at / 1000).toFixed(3)),
      element("span", { class: "arrow", "aria-label": t(`events.${entry.direction}`) , role: "img" }, entry.direction === "in" ? "↓" : "↑"),
      element("span", { class: "name" }, entry.type),
      element("span", { class: "times" }, entry.count > 1 ? `× ${formatCount(entry.count)}` : ""),
    );
    const row = element(
      "li",
      { class: "event", "data-direction": entry.direction, "data-type": entry.type, "data-error": isError(entry) },
      button,
    );
    button.addEventListener("click", () => {
      const opened = row.children[1];
      if (opened) opened.remove();
      else row.append(this.#raw(entry));
      button.setAttribute("aria-expanded", String(!opened));
    });
    return row;
  }

  /** @param {LogEntry} entry */
  #raw(entry) {
    const json = JSON.stringify(entry.event, null, 2);
    const origin = new URL(".", document.baseURI).href.replace(/\/$/, "");
    const actions = /** @type {const} */ ([
      ["events.copy", () => json],
      ["events.python", () => asPython(entry, this.#settings(), origin)],
      ["events.javascript", () => asJavaScript(entry, this.#settings(), origin)],
    ]).map(([key, text]) => element("button", { type: "button", class: "link", onclick: () => this.#copy(text()) }, t(key)));
    return element(
      "div",
      { class: "raw" },
      element("div", { class: "actions" }, ...actions),
      element("pre", { tabindex: 0 }, json),
    );
  }

  /** @param {string} text */
  #copy(text) {
    // Undefined on insecure origins.
    const clipboard = /** @type {Clipboard | undefined} */ (navigator.clipboard);
    if (!clipboard) return this.#onCopied(false);
    clipboard.writeText(text).then(
      () => this.#onCopied(true),
      () => this.#onCopied(false),
    );
  }
}

/** @param {EventLog} log */
function countOf({ entries }) {
  const full = entries.length >= MOST_EVENTS ? "+" : "";
  return entries.length > 0 ? formatCount(entries.length) + full : "";
}
