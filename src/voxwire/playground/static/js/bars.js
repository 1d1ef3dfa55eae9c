// Sound as bars, what was heard in full colour and the rest pale.

const SVG = "http://www.w3.org/2000/svg";

/** A bar and the gap beside it, in units of the drawing. */
const STEP = 4;
const HEIGHT = 30;

/** Bars of a longer sound stand for more than one stretch. */
const MOST_BARS = 150;

/** Levels of 20 ms that make a bar, where there is room. */
const LEVELS_PER_BAR = 4;

/** Speech at this level fills the height. */
const LOUD = 0.25;

/**
 * @param {number[]} levels 0 to 1
 * @returns {number[]} heights of the bars
 */
function heightsOf(levels) {
  const each = Math.max(LEVELS_PER_BAR, Math.ceil(levels.length / MOST_BARS));
  const heights = [];
  for (let start = 0; start < levels.length; start += each) {
    const loudest = Math.max(...levels.slice(start, start + each));
    heights.push(Math.max(2, Math.min(1, Math.sqrt(loudest / LOUD)) * (HEIGHT - 4)));
  }
  return heights;
}

/** @param {string} label for those who do not see it */
export function createBars(label) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "bars");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  const heard = document.createElementNS(SVG, "path");
  const rest = document.createElementNS(SVG, "path");
  rest.setAttribute("class", "rest");
  svg.append(heard, rest);
  return svg;
}

/**
 * @param {SVGSVGElement} svg of `createBars`
 * @param {number[]} levels
 * @param {number} heardShare 0 to 1
 * @param {string} label
 */
export function drawBars(svg, levels, heardShare, label) {
  const heights = heightsOf(levels);
  const width = heights.length * STEP;
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.setAttribute("width", String(width));
  svg.setAttribute("preserveAspectRatio", "xMinYMid meet");
  svg.setAttribute("aria-label", label);
  const cut = Math.round(heights.length * heardShare);
  const lines = heights.map((height, i) => `M${i * STEP + 2} ${(HEIGHT - height) / 2}v${height.toFixed(1)}`);
  svg.children[0]?.setAttribute("d", lines.slice(0, cut).join(""));
  svg.children[1]?.setAttribute("d", lines.slice(cut).join(""));
}
