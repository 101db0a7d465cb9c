/** The agreement page: the heatmap by Plotly, and a choice that is answered as soon as it is made. */
import { colour } from "../lib/palette.js";
import { onThemeChange } from "../lib/theme.js";

/**
 * @typedef {object} Heat
 * @property {string} figure
 * @property {"share" | "coefficient" | "us"} unit
 * @property {boolean} likeness 1 is the same, so the threshold says something
 * @property {number} threshold
 * @property {string[]} codes rows from the top
 * @property {string[]} names
 * @property {string[]} pairs columns
 * @property {string[]} anchors of the pairs on this page
 * @property {(number | null)[][]} values
 * @property {string[][]} words on the cells
 * @property {string[][]} more behind them
 * @property {string[][]} standing
 */

/** @type {any} */
const Plotly = /** @type {any} */ (globalThis).Plotly;
const ROW = 26;
const MOST_COLUMN = 180;
const LEAST_COLUMN = 96;
const LABELS = 64;

/** Steps of the ramp. Where 1 means the same they begin at these values, so that .70 and .80 are edges between two colours. */
const LEVELS = ["0", "a", "b", "c", "d", "e"];
const EDGES = [0.4, 0.55, 0.7, 0.8, 0.9];

/** @param {number} share of the largest @param {number} value @param {boolean} likeness */
function level(share, value, likeness) {
  if (likeness) return EDGES.filter((edge) => value >= edge).length;
  return Math.min(Math.floor(share * LEVELS.length), LEVELS.length - 1);
}

/** @param {Heat} heat @param {HTMLElement} box */
function draw(heat, box) {
  const room = (box.parentElement ?? box).clientWidth - LABELS - 16;
  const column = Math.max(LEAST_COLUMN, Math.min(MOST_COLUMN, room / heat.pairs.length));
  const ink = colour("--ink-strong");
  const hover = heat.codes.map((code, row) => heat.pairs.map((pair, place) =>
    `AU ${code}, ${heat.names[row]}<br>${pair}<br>${heat.figure} ${heat.words[row][place]}${heat.more[row][place] ? `<br>${heat.more[row][place]}` : ""}`));
  const numbers = heat.values.flat().filter((value) => value !== null).map(Number);
  const top = heat.likeness ? 1 : Math.max(...numbers.map(Math.abs), heat.unit === "us" ? 1e5 : 0.1);
  const levels = heat.values.map((row) => row.map((value) => (value === null ? null : level(Math.abs(value) / top, value, heat.likeness))));
  const steps = LEVELS.flatMap((name, index) => [index, index + 1].map((edge) => [edge / LEVELS.length, colour(`--intensity-${name}`)]));
  const background = { type: "heatmap", z: levels, x: heat.pairs.map((_, at) => at), y: heat.codes.map((_, at) => at), zmin: -0.5, zmax: LEVELS.length - 0.5,
    colorscale: steps, showscale: false, xgap: 3, ygap: 3, text: hover, hovertemplate: "%{text}<extra></extra>", hoverongaps: true };
  const cells = heat.codes.flatMap((_, row) => heat.pairs.map((_pair, at) => ({ row, at })));
  const annotations = cells.map(({ row, at }) => {
    const on = levels[row][at];
    const hue = on === null ? "--ink-quiet" : on === 0 ? "--ink-strong" : `--on-intensity-${LEVELS[on]}`;
    return { x: at, y: row, text: heat.words[row][at], showarrow: false, font: { size: 12, color: colour(hue) } };
  });
  const certified = heat.likeness ? cells.filter(({ row, at }) => ["certified", "reliable"].includes(heat.standing[row][at])) : [];
  const below = heat.likeness ? cells.filter(({ row, at }) => heat.standing[row][at] === "below") : [];
  const shapes = [
    ...certified.map(({ row, at }) => ({ type: "rect", x0: at - 0.49, x1: at + 0.49, y0: row - 0.45, y1: row + 0.45, line: { width: 2, color: ink } })),
    ...below.flatMap(({ row, at }) => [0, 1, 2].map((place) => ({ type: "line", x0: at - 0.48 + place * 0.03, x1: at - 0.46 + place * 0.03, y0: row + 0.4, y1: row - 0.4, line: { width: 1, color: ink } }))),
  ];
  const layout = {
    width: LABELS + 16 + column * heat.pairs.length, height: ROW * heat.codes.length + 74, margin: { l: LABELS, r: 16, t: 66, b: 8, pad: 2 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: ink, size: 12, family: getComputedStyle(document.body).fontFamily },
    xaxis: { side: "top", tickvals: heat.pairs.map((_, at) => at), ticktext: heat.pairs.map((pair) => pair.replace(" × ", "<br>× ")), fixedrange: true, showgrid: false, zeroline: false, range: [-0.5, heat.pairs.length - 0.5], tickangle: 0 },
    yaxis: { tickvals: heat.codes.map((_, at) => at), ticktext: heat.codes.map((code) => `AU ${code}`), fixedrange: true, showgrid: false, zeroline: false, range: [heat.codes.length - 0.5, -0.5] },
    shapes, annotations, hoverlabel: { align: "left" },
  };
  Plotly.react(box, [background], layout, { displayModeBar: false, responsive: false });
}

const data = document.getElementById("heat-data");
const box = document.getElementById("heat");
if (data && box && Plotly) {
  /** @type {Heat} */
  const heat = JSON.parse(data.textContent ?? "");
  if (heat.codes.length) {
    draw(heat, box);
    onThemeChange(() => draw(heat, box));
    let waiting = 0;
    addEventListener("resize", () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(() => draw(heat, box));
    });
    /** @type {any} */ (box).on("plotly_click", (/** @type {any} */ clicked) => {
      const anchor = heat.anchors[clicked.points[0].x];
      const fold = document.getElementById(anchor);
      if (fold instanceof HTMLDetailsElement) fold.open = true;
      location.hash = anchor;
    });
  }
}

const form = document.getElementById("choice");
if (form instanceof HTMLFormElement) {
  form.addEventListener("change", () => { if (form.reportValidity()) form.requestSubmit(); });
}
for (const link of document.querySelectorAll('a[href^="#pair-"]')) {
  link.addEventListener("click", () => {
    const fold = document.querySelector(link.getAttribute("href") ?? "");
    if (fold instanceof HTMLDetailsElement) fold.open = true;
  });
}
