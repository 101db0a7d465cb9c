/** What is drawn along the timeline's times beside rows and bars: the ruler, stretches that are not scored, stretches that are not to be coded, the range. */
import { hatching, prepare } from "../lib/canvas.js";
import { colour } from "../lib/palette.js";
import { ticks, toX } from "../lib/time-window.js";

export const RULER_HEIGHT = 24;
const NOT_YOURS = "not yours to code";

/** @typedef {import("../lib/time-window.js").TimeWindow} TimeWindow */

/**
 * Stretches of the recording that somebody else codes, and says so where there is room.
 * @param {CanvasRenderingContext2D} pen @param {[number, number][]} spans @param {TimeWindow} window @param {number} width @param {number} height
 */
export function shade(pen, spans, window, width, height) {
  for (const [from, to] of spans) {
    if (to <= window.fromUs || from >= window.toUs) continue;
    const x = Math.max(toX(window, from, width), 0);
    const length = Math.min(toX(window, to, width), width) - x;
    pen.globalAlpha = 0.72;
    pen.fillStyle = colour("--ground-sunken");
    pen.fillRect(x, 0, length, height);
    pen.globalAlpha = 1;
    pen.fillStyle = colour("--outline");
    if (from > window.fromUs) pen.fillRect(x, 0, 1, height);
    if (to < window.toUs) pen.fillRect(x + length - 1, 0, 1, height);
    if (length < 110) continue;
    pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    pen.textBaseline = "middle";
    pen.fillStyle = colour("--ink-quiet");
    pen.fillText(NOT_YOURS, x + 8, Math.min(height / 2, 12));
  }
}

/** The range between in and out. @param {CanvasRenderingContext2D} pen @param {TimeWindow | null} range @param {TimeWindow} window @param {number} width @param {number} height */
export function drawRange(pen, range, window, width, height) {
  if (!range) return;
  const from = toX(window, range.fromUs, width);
  const to = Math.max(toX(window, range.toUs, width), from + 1);
  pen.fillStyle = colour("--accent");
  pen.globalAlpha = 0.14;
  pen.fillRect(from, 0, to - from, height);
  pen.globalAlpha = 1;
  for (const x of [from, to]) pen.fillRect(x - 0.75, 0, 1.5, height);
}

/**
 * The stretches behind a curve in which its unit is not scored.
 * @param {HTMLCanvasElement} canvas @param {[number, number][]} holes @param {TimeWindow} window @param {number} width @param {number} height
 */
export function drawHoles(canvas, holes, window, width, height) {
  const pen = prepare(canvas, width, height);
  const shown = holes.filter(([from, to]) => to > window.fromUs && from < window.toUs);
  if (!shown.length) return;
  pen.fillStyle = hatching(pen, colour("--outline"));
  pen.globalAlpha = 0.25;
  for (const [from, to] of shown) {
    const x = toX(window, from, width);
    pen.fillRect(x, 0, Math.max(toX(window, to, width) - x, 1), height);
  }
}

/** @param {HTMLCanvasElement} canvas @param {TimeWindow} window @param {number} width @param {TimeWindow | null} range */
export function drawRuler(canvas, window, width, range) {
  const pen = prepare(canvas, width, RULER_HEIGHT);
  drawRange(pen, range, window, width, RULER_HEIGHT);
  pen.font = `11px ${getComputedStyle(canvas).fontFamily}`;
  pen.textBaseline = "middle";
  const ink = colour("--ink-quiet");
  const line = colour("--outline");
  for (const { us, label } of ticks(window, width)) {
    const x = toX(window, us, width);
    pen.fillStyle = line;
    pen.fillRect(x, RULER_HEIGHT - 6, 1, 6);
    if (x + pen.measureText(label).width + 4 > width) continue;
    pen.fillStyle = ink;
    pen.fillText(label, x + 4, RULER_HEIGHT / 2);
  }
}
