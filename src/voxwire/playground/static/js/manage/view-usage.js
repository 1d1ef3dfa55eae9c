// Usage: what was used by day, deployment or principal, as bars and as a table.

import { download, element } from "../dom.js";
import { formatCount, formatDay } from "../texts/translator.js";
import { ask, fetchBlob } from "./api.js";
import { barChart } from "./bar-chart.js";
import { button, clearProblems, empty, field, heading, showProblem } from "./parts.js";
import { principalOf } from "./principal.js";
import { t } from "./texts/index.js";

/**
 * @typedef {object} Usage
 * @property {string | null} date
 * @property {string | null} deployment
 * @property {string | null} principal
 * @property {string | null} principal_name of a stored key
 * @property {boolean | null} principal_ended whether this key is gone
 * @property {number} num_sessions
 * @property {number} num_model_requests
 * @property {number} input_tokens
 * @property {number} output_tokens
 * @property {number} input_audio_seconds
 * @property {number} output_audio_seconds
 */

const DAY_MS = 86_400_000;

/** What the bars may show. @type {Record<string, (row: Usage) => number>} */
const MEASURES = {
  tokens: (row) => row.input_tokens + row.output_tokens,
  responses: (row) => row.num_model_requests,
  sessions: (row) => row.num_sessions,
  minutes: (row) => (row.input_audio_seconds + row.output_audio_seconds) / 60,
};

/** @param {HTMLElement} root */
export async function view(root) {
  const from = element("input", { type: "date", value: dayOf(Date.now() - 29 * DAY_MS), required: true });
  const until = element("input", { type: "date", value: dayOf(Date.now()), required: true });
  const by = choice(["day", "deployment", "principal"], (name) => t(/** @type {"usage.day"} */ (`usage.${name}`)));
  const measure = choice(Object.keys(MEASURES), (name) => t(/** @type {"usage.tokens"} */ (`usage.${name}`)));
  const result = element("div", { class: "usage" });
  const form = element(
    "form",
    { class: "inline-form four" },
    field("start_date", t("usage.from"), from),
    field("end_date", t("usage.until"), until),
    field("group_by", t("usage.by"), by),
    field("measure", t("usage.measure"), measure),
    element("p", { class: "problem form-problem", role: "alert" }),
  );
  const query = () => ({ start_date: from.value, end_date: until.value, group_by: by.value });
  /** @type {Usage[]} */
  let found = [];
  const draw = () => result.replaceChildren(...(found.length ? drawn(rowsOf(found, query()), by.value, measure.value) : [empty(t("usage.none"))]));
  const look = async () => {
    clearProblems(form);
    try {
      found = (await ask("GET", "usage", { query: { ...query(), limit: 10_000 } })).data;
      draw();
    } catch (error) {
      showProblem(form, error);
    }
  };
  const save = button(t("usage.csv"), async () => {
    try {
      download(`usage-${from.value}-${until.value}.csv`, await fetchBlob("usage.csv", query()));
    } catch (error) {
      showProblem(form, error);
    }
  });
  form.addEventListener("change", ({ target }) => void (target === measure ? draw() : look()));
  form.addEventListener("submit", (event) => event.preventDefault());
  root.append(heading(t("section.usage"), t("usage.about"), save), form, result);
  await look();
}

/** @param {number} at ms since 1970 */
function dayOf(at) {
  return new Date(at).toISOString().slice(0, 10);
}

/**
 * @param {string[]} values
 * @param {(value: string) => string} label
 */
function choice(values, label) {
  return element("select", {}, ...values.map((value) => element("option", { value }, label(value))));
}

/**
 * Days on which nothing was used are days, too.
 * @param {Usage[]} found
 * @param {{ start_date: string, end_date: string, group_by: string }} query
 */
function rowsOf(found, { start_date: from, end_date: until, group_by: by }) {
  if (by !== "day") return found;
  const known = new Map(found.map((row) => [row.date, row]));
  const rows = [];
  for (let at = Date.parse(from); at <= Date.parse(until); at += DAY_MS) rows.push(known.get(dayOf(at)) ?? nothing(dayOf(at)));
  return rows;
}

/** @param {string} date @returns {Usage} */
function nothing(date) {
  return {
    date,
    deployment: null,
    principal: null,
    principal_name: null,
    principal_ended: null,
    num_sessions: 0,
    num_model_requests: 0,
    input_tokens: 0,
    output_tokens: 0,
    input_audio_seconds: 0,
    output_audio_seconds: 0,
  };
}

/**
 * @param {Usage[]} rows
 * @param {string} by
 * @param {string} measure
 */
function drawn(rows, by, measure) {
  /** @param {Usage} row */
  const name = (row) => (by === "day" ? formatDay(row.date ?? "") : (by === "deployment" ? row.deployment : principalOf(row, (name) => t("usage.ended", { name }))) ?? "–");
  const value = MEASURES[measure] ?? (() => 0);
  const label = t("usage.chart", { measure: t(/** @type {"usage.tokens"} */ (`usage.${measure}`)), by: t(/** @type {"usage.day"} */ (`usage.${by}`)) });
  const chart = barChart(rows.map((row) => ({ label: name(row), value: value(row) })), label, formatCount);
  const used = rows.filter((row) => row.num_sessions || row.num_model_requests || row.input_tokens || row.input_audio_seconds);
  const columns = [t(/** @type {"usage.day"} */ (`usage.${by}`)), t("usage.sessions"), t("usage.responses"), t("usage.in"), t("usage.out"), t("usage.minutes")];
  const table = element(
    "table",
    { class: "list numbers" },
    element("thead", {}, element("tr", {}, ...columns.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...(by === "day" ? used.reverse() : used).map((row) => line(name(row), row))),
  );
  return [element("div", { class: "chart-box" }, chart), element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, table)];
}

/** @param {string} name @param {Usage} row */
function line(name, row) {
  const minutes = (row.input_audio_seconds + row.output_audio_seconds) / 60;
  const values = [row.num_sessions, row.num_model_requests, row.input_tokens, row.output_tokens].map(formatCount);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, name),
    ...[...values, minutes.toFixed(1)].map((value) => element("td", {}, value)),
  );
}
