/**
 * The two plots of the timeline, drawn by Plotly without margins, axes or events of its own: the heatmap of all rows and the curve of one.
 * Each is drawn for a window somewhat wider than the one on the screen; zooming and panning move the finished picture until
 * the next one comes.
 */
import { ROW } from "../lib/rows.js";
import { outline } from "../lib/interval.js";
import { colour } from "../lib/palette.js";
import { span, toX } from "../lib/time-window.js";

/** @type {any} */
const Plotly = /** @type {any} */ (globalThis).Plotly;
const CONFIG = { staticPlot: true, displayModeBar: false, responsive: false };
/** Pixels that Plotly draws of a row. The picture is stretched to the row's height: a tenth of the pixels, and as sharp, because a row is flat. */
const DRAWN_ROW = 2;
const CLEAR = "rgba(0,0,0,0)";

/** @param {number} width @param {number} height @param {object} x @param {object} y */
const layout = (width, height, x, y) => ({
  width, height, margin: { l: 0, r: 0, t: 0, b: 0, pad: 0 }, showlegend: false, paper_bgcolor: CLEAR, plot_bgcolor: CLEAR,
  xaxis: { visible: false, fixedrange: true, ...x }, yaxis: { visible: false, fixedrange: true, ...y },
});

/**
 * A picture of a window of time that can be moved and stretched. The outer element moves, on a layer of its own that the browser does not
 * draw again at every step; the inner one is Plotly's.
 */
class Picture {
  /** @type {import("../lib/time-window.js").TimeWindow | null} */ drawn = null;
  #width = 1;

  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.mover = box.appendChild(document.createElement("div"));
    this.div = this.mover.appendChild(document.createElement("div"));
  }

  /** @param {import("../lib/time-window.js").TimeWindow} drawn @param {number} width */
  note(drawn, width) {
    this.drawn = drawn;
    this.#width = width;
  }

  /** Put the picture where its times are now. @param {import("../lib/time-window.js").TimeWindow} window @param {number} width */
  place(window, width) {
    if (!this.drawn) return;
    const left = toX(window, this.drawn.fromUs, width);
    const scale = ((span(this.drawn) / span(window)) * width) / this.#width;
    this.mover.style.setProperty("transform", `translateX(${left}px) scaleX(${scale})`);
  }
}

export class HeatmapPlot extends Picture {
  /** @param {HTMLElement} box */
  constructor(box) {
    super(box);
    this.div.style.setProperty("transform", `scaleY(${ROW / DRAWN_ROW})`);
  }

  /**
   * @param {import("../lib/heat.js").Heat} heat
   * @param {string[]} rows codes from the top
   */
  draw(heat, rows) {
    const step = (heat.toUs - heat.fromUs) / heat.width;
    const steps = ["0", "a", "b", "c", "d", "e"].map((name, index) => [index / 5, colour(`--intensity-${name}`)]);
    const trace = {
      type: "heatmap", z: rows.map((code) => heat.row(code)), x0: heat.fromUs + step / 2, dx: step, y0: 0, dy: 1,
      zmin: 0, zmax: 5, zauto: false, colorscale: steps, showscale: false, hoverinfo: "skip", zsmooth: false, connectgaps: false,
    };
    const size = layout(heat.width, Math.max(rows.length * DRAWN_ROW, 1),
      { range: [heat.fromUs, heat.toUs] }, { range: [rows.length - 0.5, -0.5] });
    Plotly.react(this.div, rows.length ? [trace] : [], size, CONFIG);
    this.note({ fromUs: heat.fromUs, toUs: heat.toUs }, heat.width);
  }
}

/** How each side's curve is drawn; never by colour alone. */
const LINES = { both: { width: 2 }, left: { width: 1.4, dash: "4px,3px" }, right: { width: 1.4, dash: "1px,3px" } };
export const CURVE_HEIGHT = 112;
const BAND_ALPHA = 0.22;

export class CurvePlot extends Picture {
  /**
   * @param {import("../lib/interval.js").Curve} curve
   * @param {import("../lib/time-window.js").TimeWindow} drawn
   * @param {number} width
   * @param {string} region token of the region's colour
   */
  draw(curve, drawn, width, region) {
    const hue = colour(`--region-${region}`);
    const ink = colour("--ink-strong");
    const traces = /** @type {(keyof typeof LINES)[]} */ (["both", "left", "right"]).filter((side) => curve[side]).map((side) => ({
      type: "scatter", mode: "lines", x: curve.time_us, y: curve[side], connectgaps: false, hoverinfo: "skip",
      line: { shape: "hv", color: side === "both" ? hue : ink, simplify: false, ...LINES[side] },
    }));
    const { x, y } = outline(curve);
    const band = { type: "scatter", mode: "lines", x, y, fill: "toself", connectgaps: false, hoverinfo: "skip",
      fillcolor: hue.replace("rgb(", "rgba(").replace(")", `, ${BAND_ALPHA})`), line: { width: 0 } };
    const grid = { visible: true, showgrid: true, showticklabels: false, ticks: "", dtick: 1, tick0: 0, zeroline: true,
      gridcolor: colour("--hairline"), zerolinecolor: colour("--outline"), range: [0, 5.15] };
    Plotly.react(this.div, x.length ? [band, ...traces] : traces, layout(width, CURVE_HEIGHT, { range: [drawn.fromUs, drawn.toUs] }, grid), CONFIG);
    this.note(drawn, width);
  }

  clear() {
    Plotly.react(this.div, [], layout(1, CURVE_HEIGHT, {}, {}), CONFIG);
    this.drawn = null;
  }
}
