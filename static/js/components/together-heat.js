/** Action Units that act together, as a heatmap by Plotly. A press opens the timeline where both are strongest. */
import { colour } from "../lib/palette.js";

/**
 * @typedef {object} Heat
 * @property {string[]} codes rows from the top, columns from the left
 * @property {number[]} edges lowest shares of the colours behind the first
 * @property {(number | null)[][]} values shares, 0 to 1; null on the diagonal, and where nothing is known
 * @property {(number | null)[][]} at moments, microseconds
 * @property {string[][]} words behind the cells
 */

const STEPS = ["0", "a", "b", "c", "d", "e"];
const LABELS = 34;
const LEAST = 24;
const MOST = 38;
/** From this width a cell has its number on it. */
const WRITTEN = 30;

/** Which colour a share has. @param {number} share @param {number[]} edges */
export const step = (share, edges) => edges.filter((edge) => share >= edge).length;

/** How wide a cell is, so that as many as can be are in the room there is. @param {number} room @param {number} count */
export const cellWidth = (room, count) => Math.max(LEAST, Math.min(MOST, Math.floor((room - LABELS) / count)));

/** @param {any} Plotly @param {Heat} heat @param {HTMLElement} box */
export function drawTogether(Plotly, heat, box) {
  const { codes, edges, values, words } = heat;
  const width = cellWidth((box.parentElement ?? box).clientWidth - 4, codes.length);
  const places = codes.map((_, at) => at);
  const levels = values.map((row) => row.map((share) => (share === null ? null : step(share, edges))));
  const scale = STEPS.flatMap((name, index) => [index, index + 1].map((edge) => [edge / STEPS.length, colour(`--intensity-${name}`)]));
  const common = { type: "heatmap", x: places, y: places, xgap: 2, ygap: 2, showscale: false, text: words, hovertemplate: "%{text}<extra></extra>" };
  const traces = [
    // the ground: so that a cell without a number answers, too
    { ...common, z: places.map((row) => places.map((at) => (row === at ? 1 : 0))), zmin: 0, zmax: 1, colorscale: [[0, "rgba(0,0,0,0)"], [1, colour("--hairline")]] },
    { ...common, z: levels, zmin: -0.5, zmax: STEPS.length - 0.5, colorscale: scale, hoverongaps: false },
  ];
  const annotations = width < WRITTEN ? [] : places.flatMap((row) => places.flatMap((at) => {
    const share = values[row][at];
    const level = levels[row][at];
    if (share === null || level === null || !share) return [];
    const hue = level === 0 ? "--ink-strong" : `--on-intensity-${STEPS[level]}`;
    return [{ x: at, y: row, text: String(Math.round(100 * share)), showarrow: false, font: { size: 11, color: colour(hue) } }];
  }));
  const axis = { tickvals: places, ticktext: codes, fixedrange: true, showgrid: false, zeroline: false, tickfont: { size: 11 }, tickangle: 0 };
  const size = width * codes.length;
  const layout = {
    width: LABELS + size + 4, height: 26 + size + 4, margin: { l: LABELS, r: 4, t: 26, b: 4, pad: 1 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: colour("--ink-strong"), size: 12, family: getComputedStyle(document.body).fontFamily },
    xaxis: { ...axis, side: "top", range: [-0.5, codes.length - 0.5] }, yaxis: { ...axis, range: [codes.length - 0.5, -0.5] },
    annotations, hoverlabel: { align: "left" },
  };
  Plotly.react(box, traces, layout, { displayModeBar: false, responsive: false });
}
