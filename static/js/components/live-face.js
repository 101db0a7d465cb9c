/** The mesh of the face over the picture, where it is shown: mirrored with it, never in what is sent. */
import { prepare } from "../lib/canvas.js";

const LINE = "rgb(255 255 255 / 42%)";
const BOX = "rgb(140 190 255 / 95%)";
const STALE_MS = 700;

export class LiveFace {
  /** @type {{points: Float32Array | null, box: number[] | null, size: [number, number], at: number} | null} */ #last = null;

  /** @param {HTMLCanvasElement} canvas @param {HTMLVideoElement} video @param {number[]} edges pairs of points */
  constructor(canvas, video, edges) {
    this.canvas = canvas;
    this.video = video;
    this.edges = edges;
    this.mesh = true;
    this.mirrored = true;
  }

  /** @param {import("../lib/live-wire.js").Said} said @param {Float32Array | null} points @param {number} now */
  show(said, points, now) {
    this.#last = { points, box: said.box, size: said.size, at: now };
    this.draw(now);
  }

  clear() {
    this.#last = null;
    this.draw(0);
  }

  /** @param {number} now what is older than a moment is not drawn: the face has moved on */
  draw(now) {
    const { clientWidth: width, clientHeight: height } = this.video;
    const pen = prepare(this.canvas, width, height);
    const last = this.#last;
    this.canvas.dataset.drawn = "";
    if (!this.mesh || !last?.box || now - last.at > STALE_MS) return;
    const scale = Math.min(width / last.size[0], height / last.size[1]);
    const left = (width - last.size[0] * scale) / 2;
    const top = (height - last.size[1] * scale) / 2;
    const x = (/** @type {number} */ value) => (this.mirrored ? width - (left + value * scale) : left + value * scale);
    const y = (/** @type {number} */ value) => top + value * scale;
    if (last.points) lines(pen, last.points, this.edges, x, y);
    corners(pen, last.box, x, y);
    this.canvas.dataset.drawn = "mesh";
  }
}

/** @typedef {(value: number) => number} Map1 */

/** @param {CanvasRenderingContext2D} pen @param {Float32Array} points @param {number[]} edges @param {Map1} x @param {Map1} y */
function lines(pen, points, edges, x, y) {
  pen.beginPath();
  for (let index = 0; index < edges.length; index += 2) {
    const [a, b] = [2 * edges[index], 2 * edges[index + 1]];
    pen.moveTo(x(points[a]), y(points[a + 1]));
    pen.lineTo(x(points[b]), y(points[b + 1]));
  }
  pen.lineWidth = 0.7;
  pen.strokeStyle = LINE;
  pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {number[]} box x, y, width, height @param {Map1} x @param {Map1} y */
function corners(pen, box, x, y) {
  const [a, b] = [[x(box[0]), y(box[1])], [x(box[0] + box[2]), y(box[1] + box[3])]];
  const arm = 0.12 * Math.min(Math.abs(b[0] - a[0]), b[1] - a[1]);
  const towards = Math.sign(b[0] - a[0]);
  pen.beginPath();
  for (const [cx, cy, right, down] of [[a[0], a[1], towards, 1], [b[0], a[1], -towards, 1], [b[0], b[1], -towards, -1], [a[0], b[1], towards, -1]]) {
    pen.moveTo(cx + right * arm, cy);
    pen.lineTo(cx, cy);
    pen.lineTo(cx, cy + down * arm);
  }
  pen.lineWidth = 2;
  pen.strokeStyle = BOX;
  pen.stroke();
}
