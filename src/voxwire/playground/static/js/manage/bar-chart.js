// Bars, one for each row of a table that stands beneath.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 720;
const HEIGHT = 200;
const LEFT = 56;
const BOTTOM = 24;
const TOP = 10;

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/**
 * @param {{ label: string, value: number }[]} bars
 * @param {string} label for those who do not see it
 * @param {(value: number) => string} format
 */
export function barChart(bars, label, format) {
  const svg = shape("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  const top = roundUp(Math.max(0, ...bars.map(({ value }) => value)));
  const height = HEIGHT - TOP - BOTTOM;
  for (const share of [0, 0.5, 1]) {
    const y = TOP + height * (1 - share);
    svg.append(
      shape("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y, y2: y }),
      shape("text", { class: "mark", x: LEFT - 8, y: y + 4, "text-anchor": "end" }, format(top * share)),
    );
  }
  const step = (WIDTH - LEFT) / Math.max(1, bars.length);
  const width = Math.min(48, step * 0.7);
  const every = Math.ceil(bars.length / 8);
  bars.forEach((bar, index) => {
    const x = LEFT + step * (index + 0.5);
    const tall = top ? (height * bar.value) / top : 0;
    const drawn = shape("rect", { class: "bar", x: x - width / 2, y: TOP + height - tall, width, height: tall, rx: Math.min(3, tall / 2) });
    drawn.append(shape("title", {}, `${bar.label}: ${format(bar.value)}`));
    svg.append(drawn);
    if (index % every === 0) svg.append(shape("text", { class: "mark", x, y: HEIGHT - 6, "text-anchor": "middle" }, shortened(bar.label)));
  });
  return svg;
}

/** @param {string} label */
function shortened(label) {
  return label.length > 14 ? `${label.slice(0, 13)}…` : label;
}

/** @param {number} value @returns {number} the next of 1, 2, 5, 10, 20, 50… */
export function roundUp(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((round) => round >= value) ?? value;
}
