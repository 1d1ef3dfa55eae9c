// The conversation as one reads it.

import { createBars, drawBars } from "./bars.js";
import { byId, element, oncePerFrame } from "./dom.js";
import { formatSeconds, formatTimeOfDay, t } from "./texts/index.js";

/** @import { Item } from "./conversation.js" */

/** Near enough to the end to be following it. */
const FOLLOWING_PX = 80;

/** What a level stands for. */
const LEVEL_MS = 20;

/** The elements of an item. @typedef {{ root: HTMLElement, flag: HTMLElement, words: HTMLElement, bars: SVGSVGElement, card: HTMLElement | undefined }} Shown */

export class ConversationView {
  #list = byId("items");
  #scroll = byId("scroll");
  /** @type {Map<string, Shown>} */
  #shown = new Map();
  /** @type {Set<Item>} */
  #dirty = new Set();
  /** The end is shown, and goes on being shown. */
  #following = true;
  #drawSoon;
  #onAnswer;
  #exists;

  /**
   * @param {(id: string) => boolean} exists whether an item is still there
   * @param {(item: Item, output: string) => void} onAnswer of a call, typed by the person
   */
  constructor(exists, onAnswer) {
    this.#exists = exists;
    this.#onAnswer = onAnswer;
    this.#drawSoon = oncePerFrame(() => this.#draw());
    this.#scroll.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
      this.#following = scrollHeight - scrollTop - clientHeight < FOLLOWING_PX;
    });
    // Turning a phone, or coming back to this view, is no scrolling away.
    new ResizeObserver(() => this.#follow()).observe(this.#scroll);
  }

  /** @param {Item} item that was added or changed */
  changed(item) {
    this.#dirty.add(item);
    this.#drawSoon();
  }

  #draw() {
    for (const item of this.#dirty) {
      if (this.#exists(item.id)) this.#drawItem(item);
      else this.#remove(item.id);
    }
    this.#dirty.clear();
    byId("welcome").hidden = this.#list.querySelector(".item") !== null;
    this.#follow();
  }

  #follow() {
    if (this.#following) this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  /** @param {string} id */
  #remove(id) {
    this.#shown.get(id)?.root.remove();
    this.#shown.delete(id);
  }

  /** @param {Item} item */
  #drawItem(item) {
    let shown = this.#shown.get(item.id);
    if (!shown) {
      shown = this.#create(item);
      this.#shown.set(item.id, shown);
      this.#list.append(shown.root);
    }
    if (item.role === "session") return;
    const { root, flag, words, bars, card } = shown;
    root.dataset["state"] = item.state;
    const said = flagOf(item);
    flag.hidden = said === "";
    flag.textContent = said;
    flag.classList.toggle("bad", item.state === "failed" || item.heardMs !== undefined);
    if (card) {
      this.#drawCard(card, item);
      return;
    }
    words.replaceChildren(...wordsOf(item));
    bars.toggleAttribute("hidden", item.levels.length === 0);
    const heardShare = item.heardMs === undefined || item.soundMs === 0 ? 1 : item.heardMs / item.soundMs;
    const time = formatSeconds(item.soundMs + LEVEL_MS * item.growing);
    drawBars(bars, item.levels, heardShare, t("item.sound", { time }));
  }

  /** @param {Item} item @returns {Shown} */
  #create(item) {
    const flag = element("span", { class: "flag" });
    const words = element("p", { class: "words" });
    const bars = createBars("");
    const when = formatTimeOfDay(item.at);
    if (item.role === "session") {
      const root = element("li", { class: "session", "data-id": item.id }, t("session.started"), " ", element("time", {}, when));
      return { root, flag, words, bars, card: undefined };
    }
    const who = item.role === "person" ? t("you") : t("assistant");
    const header = element("header", {}, element("span", { class: "who" }, who), element("time", {}, when), flag);
    const card = item.role === "call" ? element("div", { class: "card" }) : undefined;
    const role = item.role === "person" ? "person" : "assistant";
    const root = element("li", { class: "item", "data-role": role, "data-id": item.id }, header);
    if (card) root.append(card);
    else root.append(words, bars);
    return { root, flag, words, bars, card };
  }

  /**
   * @param {HTMLElement} card
   * @param {Item} item
   */
  #drawCard(card, item) {
    const { name = "", answer } = item.call ?? {};
    const rows = element("dl", {}, element("dt", {}, t("tool.arguments")), element("dd", {}, element("pre", {}, pretty(item.text))));
    if (answer !== undefined) {
      rows.append(element("dt", {}, t("tool.answer")), element("dd", {}, element("pre", {}, pretty(answer))));
    }
    /** @type {HTMLElement[]} */
    const parts = [element("h4", {}, `${name}()`), rows];
    // What the person is typing stays.
    const form = card.querySelector("form");
    if (answer === undefined && item.state === "done") parts.push(form ?? this.#answerForm(item));
    if (form && parts.includes(form)) {
      form.previousElementSibling?.replaceWith(rows);
    } else {
      card.replaceChildren(...parts);
    }
  }

  /** @param {Item} item */
  #answerForm(item) {
    const field = element("input", { "aria-label": t("tool.answer.label"), placeholder: t("tool.answer.label"), class: "code" });
    const form = element("form", {}, field, element("button", { class: "quiet", type: "submit" }, t("tool.send")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#onAnswer(item, field.value);
    });
    return form;
  }
}

/** @param {Item} item */
function flagOf(item) {
  if (item.heardMs !== undefined) return t("item.cut", { time: formatSeconds(item.heardMs) });
  if (item.call?.stubbed) return t("tool.stubbed");
  if (item.typed) return t("typed");
  if (item.state === "failed") return t("item.failed");
  return item.state === "incomplete" ? t("item.incomplete") : "";
}

/** @param {Item} item @returns {(Node | string)[]} */
function wordsOf(item) {
  if (item.heardMs !== undefined && item.heardText !== undefined) return cutWords(item.text, item.heardText);
  if (item.text) return [item.text];
  if (item.role !== "person" || item.typed) return [];
  const waiting = { listening: "item.listening", recognising: "item.recognising", done: "item.unintelligible" };
  const key = /** @type {Record<string, string>} */ (waiting)[item.state] ?? "item.untranscribed";
  return [element("span", { class: "wait" }, t(/** @type {import("./texts/index.js").TextKey} */ (key)))];
}

/**
 * What was heard, a mark, and what was not.
 * @param {string} text
 * @param {string} heard the beginning of it
 */
function cutWords(text, heard) {
  const rest = text.startsWith(heard) ? text.slice(heard.length) : "";
  const mark = element("span", { class: "cut", "aria-hidden": "true" });
  return rest ? [heard, mark, element("s", { class: "unheard" }, rest.trimStart())] : [heard, mark];
}

/** @param {string} text JSON or not */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
