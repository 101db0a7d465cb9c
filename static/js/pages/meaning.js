/** The page about a session: states over time with their intervals, by Plotly. A press on the plot opens the timeline there. */
import { drawTogether } from "../components/together-heat.js";
import { colour, forgetColours } from "../lib/palette.js";
import { onThemeChange } from "../lib/theme.js";
import { formatTime } from "../lib/time.js";

/** @type {any} */
const Plotly = /** @type {any} */ (globalThis).Plotly;
/** Line and hue of the states, in the order in which they are shown; never told apart by colour alone. */
const LINES = [["solid", "--region-upper"], ["dash", "--region-lower"], ["dot", "--region-eyes"], ["dashdot", "--region-head"], ["longdash", "--region-misc"]];
const BAND_ALPHA = 0.2;
const paper = matchMedia("print");
const PAPER_WIDTH = 640;

/**
 * @typedef {{at: number[], value: (number | null)[], low: (number | null)[], high: (number | null)[]}} Curve
 * @param {{curves: Record<string, Curve>, shown: string[]}} data @param {HTMLElement} box
 */
function draw({ curves, shown }, box) {
  const ink = colour("--ink");
  const names = [...shown, ...Object.keys(curves).filter((name) => !shown.includes(name) && !["valence", "arousal", "other"].includes(name))];
  const traces = names.flatMap((name, index) => {
    const { at, value, low, high } = curves[name];
    const [dash, token] = LINES[index % LINES.length];
    const hue = colour(token);
    const visible = shown.includes(name) ? true : "legendonly";
    const x = at.map((us) => us / 1e6);
    const text = value.map((one, place) => (one === null ? "" : `${name} ${(100 * one).toFixed(0)} % (${(100 * (low[place] ?? one)).toFixed(0)} to ${(100 * (high[place] ?? one)).toFixed(0)}) at ${formatTime(at[place])}`));
    const common = { type: "scatter", mode: "lines", x, legendgroup: name, visible, connectgaps: false };
    return [
      { ...common, ...band(x, low, high), line: { width: 0 }, hoverinfo: "skip", showlegend: false, fill: "toself", fillcolor: hue.replace("rgb(", "rgba(").replace(")", `, ${BAND_ALPHA})`) },
      { ...common, y: value, name, line: { color: hue, dash, width: 2 }, text, hovertemplate: "%{text}<extra></extra>" },
    ];
  });
  const grid = { gridcolor: colour("--hairline"), zerolinecolor: colour("--outline") };
  const layout = {
    height: 340, ...(paper.matches ? { width: PAPER_WIDTH } : {}), margin: { l: 48, r: 12, t: 8, b: 40 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, size: 12, family: getComputedStyle(document.body).fontFamily }, hovermode: "closest", legend: { orientation: "h", y: -0.12 },
    xaxis: { ...ticks(Math.max(...Object.values(curves).flatMap(({ at }) => at.slice(-1)))), ...grid }, yaxis: { range: [0, 1.02], tickformat: ".0%", fixedrange: true, ...grid },
  };
  Plotly.react(box, traces, layout, { displayModeBar: false, responsive: true });
}

/**
 * An outline around every stretch that has an interval: "tonexty" would span the gaps with a slanting edge.
 * @param {number[]} x @param {(number | null)[]} low @param {(number | null)[]} high
 */
function band(x, low, high) {
  /** @type {{x: (number | null)[], y: (number | null)[]}} */
  const out = { x: [], y: [] };
  for (let from = 0, to; from < x.length; from = to + 1) {
    for (to = from; to < x.length && low[to] !== null && high[to] !== null; ) to += 1;
    if (to === from) continue;
    out.x.push(...x.slice(from, to), ...x.slice(from, to).reverse(), null);
    out.y.push(...low.slice(from, to), ...high.slice(from, to).reverse(), null);
  }
  return out;
}

/** Marks of the time axis, as the timeline writes times. @param {number} endUs */
function ticks(endUs) {
  const step = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600].find((seconds) => endUs / 1e6 / seconds <= 10) ?? 7200;
  const tickvals = Array.from({ length: Math.floor(endUs / 1e6 / step) + 1 }, (_, index) => index * step);
  return { tickvals, ticktext: tickvals.map((seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`), range: [0, (endUs / 1e6) * 1.02] };
}

/** What a plot is drawn from, and where; null where the page has none. @param {string} data @param {string} box */
function found(data, box) {
  const [told, place] = [document.getElementById(data), document.getElementById(box)];
  return told && place && Plotly ? { data: JSON.parse(told.textContent ?? "{}"), box: /** @type {any} */ (place) } : null;
}

/** Open the timeline at a moment. @param {number} us */
function open(us) {
  const link = /** @type {HTMLAnchorElement | null} */ (document.querySelector("[data-timeline]"));
  if (link) location.href = `${link.href}?at=${Math.round(us)}`;
}

const states = found("states-data", "states-plot");
const together = found("together-data", "together-heat");
const drawAll = () => {
  if (states) draw(states.data, states.box);
  if (together && !together.box.closest("[hidden]")) drawTogether(Plotly, together.data, together.box);
};
drawAll();
onThemeChange(drawAll);
states?.box.on("plotly_click", (/** @type {any} */ clicked) => open(clicked.points[0].x * 1e6));
together?.box.on("plotly_click", (/** @type {any} */ clicked) => {
  const { x, y } = clicked.points[0];
  const us = together.data.at[y][x];
  if (us !== null && matchMedia("(hover: hover)").matches) open(us); // a finger has no other way to the numbers
});
// paper is light, whatever the screen is, and has the numbers below the picture
paper.addEventListener("change", () => { forgetColours(); drawAll(); });
const table = document.getElementById("together-table-panel");
if (table) {
  let wasHidden = true;
  addEventListener("beforeprint", () => { wasHidden = table.hidden; table.hidden = false; });
  addEventListener("afterprint", () => { table.hidden = wasHidden; });
}
let waiting = 0;
addEventListener("resize", () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(drawAll);
});
document.getElementById("tab-together-heat")?.addEventListener("click", () => requestAnimationFrame(drawAll));
