/** The canvas behind the row labels: from the back the grounds, the machine's curves, what is not to be coded, the range, the bars, the curves' edges. */
import { prepare } from "../lib/canvas.js";
import { colour } from "../lib/palette.js";
import { outside } from "../lib/spans.js";
import { drawSummary, EventBars } from "./event-bars.js";
import { RowCurves } from "./row-curves.js";
import { drawRange, shade } from "./strips.js";

/**
 * @typedef {Omit<import("./event-bars.js").Scene, "rows"> & {items: import("../lib/rows.js").Item[], height: number, code: string | null,
 *   pyramid: import("../lib/tiles.js").Pyramid | null, spans: [number, number][], durationUs: number,
 *   range: import("../lib/time-window.js").TimeWindow | null}} Scene
 *   `height`: pixels of the rows that are in view; `code`: the selected row; `pyramid`: null where the machine is hidden
 */

export class RowsCanvas {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.bars = new EventBars(canvas);
    this.curves = new RowCurves();
  }

  takeColours() {
    this.bars.takeColours();
    this.curves.takeColours();
  }

  /** @param {Scene} scene */
  draw(scene) {
    const { width, height, items, scrolled, window, pyramid, code, spans, durationUs, range } = scene;
    const pen = prepare(this.canvas, width, height);
    const inView = items.filter((item) => item.top + item.height > scrolled && item.top < scrolled + height);
    const rows = /** @type {import("../lib/rows.js").Row[]} */ (inView.filter((item) => item.kind === "row"));
    const ground = (/** @type {string} */ row) => colour(row === code ? "--accent-soft" : "--ground-panel");
    if (pyramid) this.curves.draw(pen, pyramid, { window, width, rows, scrolled, ground });
    else for (const row of rows) {
      pen.fillStyle = ground(row.code);
      pen.fillRect(0, row.top - scrolled, width, row.height);
    }
    for (const item of inView) {
      if (item.kind === "group") drawSummary(pen, item, scene);
      pen.fillStyle = colour("--hairline");
      pen.fillRect(0, item.top - scrolled + item.height - 0.5, width, 0.5);
    }
    shade(pen, outside(spans, durationUs), window, width, height);
    drawRange(pen, range, window, width, height);
    this.bars.draw(pen, { ...scene, rows });
    if (pyramid) this.curves.edges(pen);
  }
}
