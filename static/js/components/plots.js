/**
 * The curve of one Action Unit, drawn by Plotly without margins, axes or events of its own, for a window somewhat wider than the one on
 * the screen; zooming and panning move the finished picture until the next one comes. Plotly is large: it is fetched after the rows stand.
 */
import { outline } from "../lib/interval.js";
import { colour } from "../lib/palette.js";
import { span, toX } from "../lib/time-window.js";

const CONFIG = { staticPlot: true, displayModeBar: false, responsive: false };
const CLEAR = "rgba(0,0,0,0)";

/** @param {string} url @returns {Promise<any>} Plotly; the script is of this site, as the page's policy wants it */
function fetchPlotly(url) {
  const known = /** @type {any} */ (globalThis).Plotly;
  if (known) return Promise.resolve(known);
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.addEventListener("load", () => resolve(/** @type {any} */ (globalThis).Plotly));
    script.addEventListener("error", () => reject(new Error("The curve cannot be drawn: a part of the page did not arrive. Everything else works; load the page again to try once more.")));
    document.head.append(script);
  });
}

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

/** How each side's curve is drawn; never by colour alone. */
const LINES = { both: { width: 2 }, left: { width: 1.4, dash: "4px,3px" }, right: { width: 1.4, dash: "1px,3px" } };
export const CURVE_HEIGHT = 112;
const BAND_ALPHA = 0.22;

export class CurvePlot extends Picture {
  /** @type {any} */ #plotly = null;
  /** @type {(() => void) | null} what is to be drawn once Plotly is there */ #waiting = null;

  /** Fetch Plotly; what was drawn before it came appears then. @param {string} url */
  async open(url) {
    this.#plotly = await fetchPlotly(url);
    this.#waiting?.();
    this.#waiting = null;
  }

  /** @param {object[]} traces @param {object} size */
  #react(traces, size) {
    const act = () => this.#plotly.react(this.div, traces, size, CONFIG);
    if (this.#plotly) act();
    else this.#waiting = act;
  }

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
    this.#react(x.length ? [band, ...traces] : traces, layout(width, CURVE_HEIGHT, { range: [drawn.fromUs, drawn.toUs] }, grid));
    this.note(drawn, width);
  }

  clear() {
    this.#react([], layout(1, CURVE_HEIGHT, {}, {}));
    this.drawn = null;
  }
}
