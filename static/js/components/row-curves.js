/**
 * The machine's curve of every row, behind the bars: an area from 0 to 5, paler below and darker above, the 90 % interval as a band
 * around its upper edge. Drawn from bytes that are there already, anew at every frame of a zoom.
 */
import { colour } from "../lib/palette.js";

const TOP = 2;
const FOOT = 1;
/** Byte of an intensity of 5. */
const FULL = 250;

export class RowCurves {
  #heat = new Uint8Array(0);
  #low = new Uint8Array(0);
  #high = new Uint8Array(0);
  /** @type {Map<number, CanvasGradient>} */ #gradients = new Map();
  /** @type {{path: Path2D, top: number}[]} edges of the rows that were drawn last */ #edges = [];

  /** Read the theme's colours again. */
  takeColours() {
    this.#gradients.clear();
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {import("../lib/tiles.js").Pyramid} pyramid
   * @param {{window: import("../lib/time-window.js").TimeWindow, width: number, rows: import("../lib/rows.js").Row[], scrolled: number,
   *   ground: (code: string) => string}} scene rows in view; `ground`: behind a row where something was scored
   */
  draw(pen, pyramid, { window, width, rows, scrolled, ground }) {
    if (this.#heat.length < width) [this.#heat, this.#low, this.#high] = [new Uint8Array(width), new Uint8Array(width), new Uint8Array(width)];
    this.#edges = [];
    for (const row of rows) {
      if (!pyramid.sample("heat", row.code, window, width, this.#heat)) continue;
      const top = row.top - scrolled;
      const height = row.height - TOP - FOOT;
      pen.setTransform(pen.getTransform().translate(0, top));
      const area = new Path2D();
      const edge = new Path2D();
      pen.fillStyle = ground(row.code);
      runs(this.#heat, width, (from, to) => {
        pen.fillRect(from, 0, to - from, row.height - 0.5);
        trace(area, edge, this.#heat, from, to, TOP, height);
      });
      pen.fillStyle = this.#gradient(pen, row.height, height);
      pen.fill(area);
      const isSure = pyramid.sample("low", row.code, window, width, this.#low) && pyramid.sample("high", row.code, window, width, this.#high);
      if (isSure) this.#band(pen, width, height);
      this.#edges.push({ path: edge, top });
      pen.setTransform(pen.getTransform().translate(0, -top));
    }
  }

  /** The upper edges once more, over the bars. @param {CanvasRenderingContext2D} pen */
  edges(pen) {
    pen.strokeStyle = colour("--ink");
    pen.lineWidth = 1;
    pen.globalAlpha = 0.8;
    for (const { path, top } of this.#edges) {
      pen.setTransform(pen.getTransform().translate(0, top));
      pen.stroke(path);
      pen.setTransform(pen.getTransform().translate(0, -top));
    }
    pen.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} pen @param {number} width @param {number} height */
  #band(pen, width, height) {
    const band = new Path2D();
    const y = (/** @type {number} */ byte) => TOP + height * (1 - (byte - 1) / FULL);
    runs(this.#high, width, (from, to) => {
      band.moveTo(from, y(this.#high[from]));
      for (let x = from + 1; x < to; x += 1) if (this.#high[x] !== this.#high[x - 1]) steps(band, x, y(this.#high[x]), y(this.#high[x - 1]));
      band.lineTo(to, y(this.#high[to - 1]));
      band.lineTo(to, y(this.#low[to - 1] || 1));
      for (let x = to - 1; x > from; x -= 1) if (this.#low[x] !== this.#low[x - 1]) steps(band, x, y(this.#low[x - 1] || 1), y(this.#low[x] || 1));
      band.lineTo(from, y(this.#low[from] || 1));
      band.closePath();
    });
    pen.fillStyle = colour("--ink-quiet");
    pen.globalAlpha = 0.28;
    pen.fill(band);
    pen.globalAlpha = 1;
  }

  /** Lightness by height: the steps of the intensities. @param {CanvasRenderingContext2D} pen @param {number} key @param {number} height */
  #gradient(pen, key, height) {
    const known = this.#gradients.get(key);
    if (known) return known;
    const made = pen.createLinearGradient(0, TOP + height, 0, TOP);
    ["a", "b", "c", "d", "e"].forEach((name, index) => {
      made.addColorStop(index / 5, colour(`--intensity-${name}`));
      made.addColorStop((index + 1) / 5 - 0.001, colour(`--intensity-${name}`));
    });
    this.#gradients.set(key, made);
    return made;
  }
}

/** Unbroken stretches of figures. @param {Uint8Array} bytes @param {number} width @param {(from: number, to: number) => void} act */
function runs(bytes, width, act) {
  for (let from = 0; from < width; from += 1) {
    if (!bytes[from]) continue;
    let to = from + 1;
    while (to < width && bytes[to]) to += 1;
    act(from, to);
    from = to;
  }
}

/** Go along the former height to `x`, then to `y`. @param {Path2D} path @param {number} x @param {number} y @param {number} former */
function steps(path, x, y, former) {
  path.lineTo(x, former);
  path.lineTo(x, y);
}

/** One stretch as steps; columns of the same height are one step. @param {Path2D} area @param {Path2D} edge @param {Uint8Array} bytes @param {number} from @param {number} to @param {number} top @param {number} height */
function trace(area, edge, bytes, from, to, top, height) {
  const y = (/** @type {number} */ x) => top + height * (1 - (bytes[x] - 1) / FULL);
  area.moveTo(from, top + height);
  area.lineTo(from, y(from));
  edge.moveTo(from, y(from));
  for (let x = from + 1; x < to; x += 1) {
    if (bytes[x] === bytes[x - 1]) continue;
    steps(area, x, y(x), y(x - 1));
    steps(edge, x, y(x), y(x - 1));
  }
  area.lineTo(to, y(to - 1));
  area.lineTo(to, top + height);
  area.closePath();
  edge.lineTo(to, y(to - 1));
}
