// The waterfall: a row for each answer, and the figures of all of them.

import { byId, element, oncePerFrame } from "./dom.js";
import { durations, percentile, STAGES } from "./latency.js";
import { formatCount, formatMs, hasText, t } from "./texts/index.js";

/**
 * @import { Clock } from "./clock.js"
 * @import { Latency, RateLimit, Stage, Turn } from "./latency.js"
 */

/** Rows on the page; the figures are of all turns. */
const MOST_ROWS = 50;

export class LatencyView {
  #root = byId("latency");
  /** The turn whose figures are open. @type {string | undefined} */
  #open;
  #latency;
  #clock;
  /** Call it when something changed. */
  draw;

  /**
   * @param {Latency} latency
   * @param {() => Clock} clock
   */
  constructor(latency, clock) {
    this.#latency = latency;
    this.#clock = clock;
    this.draw = oncePerFrame(() => this.#draw());
    this.#draw();
  }

  #draw() {
    const { turns } = this.#latency;
    if (turns.length === 0) {
      this.#root.replaceChildren(element("p", { class: "hint" }, t("latency.none")));
      return;
    }
    const focused = this.#root.contains(document.activeElement) ? document.activeElement?.id : "";
    const newest = turns.map((turn, i) => ({ turn, number: i + 1 })).slice(-MOST_ROWS).reverse();
    const longest = Math.max(1, ...newest.map(({ turn }) => endOf(turn) ?? 0));
    const rows = newest.map(({ turn, number }) => this.#row(turn, number, longest));
    this.#root.replaceChildren(figures(turns), element("ol", { class: "turns" }, ...rows), this.#below());
    if (focused) document.getElementById(focused)?.focus();
  }

  /**
   * @param {Turn} turn
   * @param {number} number
   * @param {number} longest
   */
  #row(turn, number, longest) {
    const said = turn.said || t("latency.turn", { number });
    const open = this.#open === turn.responseId;
    const track = element("span", { class: "track", "aria-hidden": "true" });
    for (const [stage, took] of stagesOf(turn)) {
      const piece = element("i", { "data-stage": stage, title: `${t(`stage.${stage}`)}: ${formatMs(took)}` });
      piece.style.width = `${(100 * took) / longest}%`;
      track.append(piece);
    }
    const total = formatMs(endOf(turn));
    const button = element(
      "button",
      { type: "button", id: `turn-${turn.responseId}`, "aria-expanded": String(open), "aria-label": t("latency.row", { said, total }) },
      element("span", { class: "said" }, said),
      element("span", { class: "total" }, total),
      track,
    );
    button.addEventListener("click", () => {
      this.#open = open ? undefined : turn.responseId;
      this.#draw();
      document.getElementById(button.id)?.focus();
    });
    const stages = STAGES.filter((stage) => turn.at[stage] !== undefined).join(" ");
    const row = element("li", { class: "turn", "data-stages": stages }, button);
    if (open) row.append(element("div", { class: "details" }, detailsOf(turn)));
    return row;
  }

  #below() {
    const { turns, usage, limits } = this.#latency;
    const used = t("latency.usage", {
      turns: formatCount(turns.length),
      input: formatCount(usage.input),
      output: formatCount(usage.output),
    });
    const { best, count } = this.#clock();
    const aligned = best ? t("latency.clock", { error: (best.rtt / 2).toFixed(1), count }) : "";
    const left = limits.map(leftOf).join(", ");
    return element(
      "div",
      { class: "below" },
      element("p", {}, used),
      ...(left ? [element("p", { class: "limits" }, t("latency.limits", { left }))] : []),
      ...(aligned ? [element("p", {}, aligned)] : []),
    );
  }
}

/** @param {RateLimit} limit */
function leftOf({ name, limit, remaining }) {
  const key = `limit.${name}`;
  const values = { remaining: formatCount(remaining), limit: formatCount(limit), name };
  return t(hasText(key) ? key : "limit.other", values);
}

/** @param {Turn[]} turns */
function figures(turns) {
  const head = element(
    "tr",
    {},
    ...["stage", "median", "p95", "last"].map((name) =>
      element("th", { scope: "col" }, t(/** @type {"latency.stage"} */ (`latency.${name}`))),
    ),
  );
  const all = turns.map((turn) => durations(turn.at));
  const rows = STAGES.map((stage) =>
    figureRow(
      [element("i", { class: "swatch", "data-stage": stage }), t(`stage.${stage}`)],
      all.map((each) => each[stage]),
    ),
  );
  const total = figureRow([t("latency.total")], turns.map(({ at }) => at.heard));
  return element(
    "table",
    { class: "figures" },
    element("thead", {}, head),
    element("tbody", {}, ...rows),
    element("tfoot", {}, total),
  );
}

/**
 * @param {(Node | string)[]} name
 * @param {(number | undefined)[]} values one for each turn
 */
function figureRow(name, values) {
  const known = values.filter((value) => value !== undefined);
  const shown = [percentile(known, 0.5), percentile(known, 0.95), values.at(-1)];
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, ...name),
    ...shown.map((value) => element("td", {}, formatMs(value))),
  );
}

/** @param {Turn} turn */
function detailsOf(turn) {
  const head = element(
    "tr",
    {},
    ...["stage", "at", "took"].map((name) =>
      element("th", { scope: "col" }, t(/** @type {"latency.stage"} */ (`latency.${name}`))),
    ),
  );
  const rows = stagesOf(turn).map(([stage, took]) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, element("i", { class: "swatch", "data-stage": stage }), t(`stage.${stage}`)),
      element("td", {}, formatMs(turn.at[stage])),
      element("td", {}, formatMs(took)),
    ),
  );
  return element("table", { class: "figures" }, element("thead", {}, head), element("tbody", {}, ...rows));
}

/** @param {Turn} turn @returns {[Stage, number][]} */
function stagesOf({ at }) {
  const found = durations(at);
  return STAGES.flatMap((stage) => {
    const took = found[stage];
    return took === undefined ? [] : [/** @type {[Stage, number]} */ ([stage, took])];
  });
}

/** @param {Turn} turn @returns {number | undefined} when it was heard, or what came last before that */
function endOf({ at }) {
  return at.heard ?? at.audio ?? at.token;
}
