/** Compared sessions: a dot and its interval for every value, by Plotly. */
import { colour } from "../lib/palette.js";
import { onThemeChange } from "../lib/theme.js";

/** @type {any} */
const Plotly = /** @type {any} */ (globalThis).Plotly;
const ROW = 26;

/** @param {{label: string, value: number, low: number, high: number}[]} rows @param {HTMLElement} box */
function draw(rows, box) {
  const shown = [...rows].reverse(); // Plotly begins at the bottom
  const two = (/** @type {number} */ value) => value.toFixed(2);
  const trace = {
    type: "scatter", mode: "markers", x: shown.map(({ value }) => value), y: shown.map(({ label }) => label), marker: { color: colour("--accent"), size: 9 },
    error_x: { type: "data", symmetric: false, array: shown.map(({ value, high }) => high - value), arrayminus: shown.map(({ value, low }) => value - low), color: colour("--accent"), thickness: 1.5, width: 4 },
    text: shown.map(({ label, value, low, high }) => `${label}: ${two(value)} (${two(low)} to ${two(high)})`), hovertemplate: "%{text}<extra></extra>",
  };
  const layout = {
    height: 70 + ROW * rows.length, margin: { l: 10, r: 16, t: 8, b: 36 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false,
    font: { color: colour("--ink"), size: 12, family: getComputedStyle(document.body).fontFamily }, hovermode: "closest",
    xaxis: { rangemode: "tozero", gridcolor: colour("--hairline"), zeroline: true, zerolinecolor: colour("--ink-quiet"), zerolinewidth: 1.5 }, yaxis: { automargin: true, gridcolor: colour("--hairline"), fixedrange: true },
  };
  Plotly.react(box, [trace], layout, { displayModeBar: false, responsive: true });
}

const told = document.getElementById("compare-data");
const box = document.getElementById("compare-plot");
if (told && box && Plotly) {
  const rows = JSON.parse(told.textContent ?? "[]");
  draw(rows, box);
  onThemeChange(() => draw(rows, box));
}
