/**
 * The curve of one Action Unit as SVG, for a window somewhat wider than the one on the screen; zooming and panning move the finished
 * picture until the next one comes. Steps: what was measured in a frame holds until the next one.
 */
import { outline } from "../lib/interval.js";
import { colour } from "../lib/palette.js";
import { steps } from "../lib/steps.js";
import { svg } from "../lib/svg.js";
import { span, toX } from "../lib/time-window.js";

export const CURVE_HEIGHT = 112;
/** Intensity at the upper edge: a line at 5 is seen whole. */
const TOP = 5.15;
const GRID = [0, 1, 2, 3, 4, 5];
/** How each side's curve is drawn; never by colour alone. */
const LINES = { both: { "stroke-width": 2 }, left: { "stroke-width": 1.4, "stroke-dasharray": "4 3" }, right: { "stroke-width": 1.4, "stroke-dasharray": "1 3" } };
const BAND_ALPHA = 0.22;

/** @param {number} value pixels from the top of an intensity */
const down = (value) => CURVE_HEIGHT * (1 - value / TOP);

/**
 * A picture of a window of time that can be moved and stretched: on a layer of its own that the browser does not draw again at every
 * step.
 */
export class CurvePlot {
  /** @type {import("../lib/time-window.js").TimeWindow | null} */ drawn = null;
  #width = 1;

  /** @param {HTMLElement} box */
  constructor(box) {
    this.picture = svg("svg", { height: CURVE_HEIGHT, fill: "none", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.mover = box.appendChild(document.createElement("div"));
    this.mover.append(this.picture);
  }

  /** Put the picture where its times are now. @param {import("../lib/time-window.js").TimeWindow} window @param {number} width */
  place(window, width) {
    if (!this.drawn) return;
    const left = toX(window, this.drawn.fromUs, width);
    const scale = ((span(this.drawn) / span(window)) * width) / this.#width;
    this.mover.style.setProperty("transform", `translateX(${left}px) scaleX(${scale})`);
  }

  /**
   * @param {import("../lib/interval.js").Curve} curve
   * @param {import("../lib/time-window.js").TimeWindow} drawn
   * @param {number} width
   * @param {string} region token of the region's colour
   */
  draw(curve, drawn, width, region) {
    const hue = colour(`--region-${region}`);
    const right = (/** @type {number} */ us) => toX(drawn, us, width);
    const line = (/** @type {Record<string, string | number>} */ attributes) => svg("path", { "vector-effect": "non-scaling-stroke", ...attributes });
    const parts = GRID.map((value) => line({ d: `M0 ${down(value).toFixed(1)}H${width}`, stroke: colour(value ? "--hairline" : "--outline") }));
    const band = outline(curve);
    if (band.x.length) parts.push(svg("path", { class: "curve-band", d: area(band, right), fill: hue, "fill-opacity": BAND_ALPHA }));
    for (const side of /** @type {(keyof typeof LINES)[]} */ (["both", "left", "right"])) {
      const values = curve[side];
      if (values) parts.push(line({ class: "curve-line", "data-side": side, d: steps(curve.time_us, values, right, down), stroke: side === "both" ? hue : colour("--ink-strong"), ...LINES[side] }));
    }
    this.picture.setAttribute("width", String(width));
    this.picture.replaceChildren(...parts);
    this.drawn = drawn;
    this.#width = width;
  }

  /** Another unit was chosen: until its curve comes there is none, rather than that of the one before. */
  forget() {
    for (const one of this.picture.querySelectorAll(".curve-line, .curve-band")) one.remove();
  }

  clear() {
    this.picture.replaceChildren();
    this.drawn = null;
  }
}

/** Closed stretches of an outline. @param {{x: (number | null)[], y: (number | null)[]}} outline @param {(us: number) => number} right */
function area({ x, y }, right) {
  let pen = "M";
  let out = "";
  x.forEach((us, place) => {
    const value = y[place];
    if (us === null || value === null) {
      out += "Z";
      pen = "M";
    } else {
      out += `${pen}${right(us).toFixed(1)} ${down(value).toFixed(1)}`;
      pen = "L";
    }
  });
  return `${out}Z`;
}
