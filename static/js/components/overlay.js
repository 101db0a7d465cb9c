/** Mesh, regions and box of the face, drawn over the picture exactly where it is shown. */
import { hull, toScreen } from "../lib/stage-view.js";

const LINE = "rgb(255 255 255 / 38%)";
const REGION = "rgb(140 190 255 / 55%)";
const NEEDED = "rgb(255 196 61)";
const NEEDED_SOFT = "rgb(255 196 61 / 24%)";
const BOX = "rgb(140 190 255 / 90%)";

/**
 * @typedef {object} Shown
 * @property {import("../lib/places.js").Place | null} place
 * @property {number[] | null} points x and y of the mesh's points, only when they are of this very frame
 * @property {string[]} marked regions that the chosen code needs
 * @property {{outlines: Record<string, number[][]>, edges: number[]} | null} drawing
 */

/** @param {HTMLCanvasElement} canvas @param {import("./stage-view.js").StageView} stage @param {Shown | null} shown null: nothing */
export function drawOverlay(canvas, stage, shown) {
  const ratio = devicePixelRatio || 1;
  const { width, height } = stage.box;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  if (!context) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  canvas.dataset.drawn = "";
  if (!shown?.place?.seen) return;
  const at = (/** @type {number} */ x, /** @type {number} */ y) => toScreen({ x, y }, stage.fit, stage.view);
  const { points, drawing, marked, place } = shown;
  if (points && drawing) {
    const all = Array.from({ length: points.length / 2 }, (_, index) => at(points[2 * index], points[2 * index + 1]));
    lines(context, all, drawing.edges);
    for (const [name, loops] of Object.entries(drawing.outlines)) {
      for (const loop of loops) region(context, hull(loop.map((index) => all[index])), marked.includes(name));
    }
    canvas.dataset.drawn = "mesh";
  } else {
    canvas.dataset.drawn = "box";
  }
  box(context, at(place.x, place.y), at(place.x + place.w, place.y + place.h));
  canvas.dataset.box = JSON.stringify([at(place.x, place.y), at(place.x + place.w, place.y + place.h)]); // for tests
}

/** @param {CanvasRenderingContext2D} context @param {import("../lib/stage-view.js").Point[]} points @param {number[]} edges */
function lines(context, points, edges) {
  context.beginPath();
  for (let index = 0; index < edges.length; index += 2) {
    context.moveTo(points[edges[index]].x, points[edges[index]].y);
    context.lineTo(points[edges[index + 1]].x, points[edges[index + 1]].y);
  }
  context.lineWidth = 0.6;
  context.strokeStyle = LINE;
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {import("../lib/stage-view.js").Point[]} outline @param {boolean} needed */
function region(context, outline, needed) {
  context.beginPath();
  outline.forEach((point, index) => (index ? context.lineTo(point.x, point.y) : context.moveTo(point.x, point.y)));
  context.closePath();
  if (needed) {
    context.fillStyle = NEEDED_SOFT;
    context.fill();
  }
  context.lineWidth = needed ? 2 : 1;
  context.setLineDash(needed ? [] : [3, 3]);
  context.strokeStyle = needed ? NEEDED : REGION;
  context.stroke();
  context.setLineDash([]);
}

/** Corners of the box; whole lines would hide the face's edge. @param {CanvasRenderingContext2D} context @param {{x: number, y: number}} a @param {{x: number, y: number}} b */
function box(context, a, b) {
  const arm = Math.min(b.x - a.x, b.y - a.y) * 0.12;
  context.beginPath();
  for (const [x, y, right, down] of /** @type {[number, number, number, number][]} */ ([[a.x, a.y, 1, 1], [b.x, a.y, -1, 1], [b.x, b.y, -1, -1], [a.x, b.y, 1, -1]])) {
    context.moveTo(x + right * arm, y);
    context.lineTo(x, y);
    context.lineTo(x, y + down * arm);
  }
  context.lineWidth = 2;
  context.strokeStyle = BOX;
  context.stroke();
}
