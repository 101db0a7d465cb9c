/**
 * Where things of the picture are on the screen: the picture lies in its box with bars beside it, and may be zoomed and moved.
 * Points of the picture are in its pixels, points of the screen in CSS pixels from the box's top left corner.
 */

/**
 * @typedef {{width: number, height: number}} Size
 * @typedef {{x: number, y: number}} Point
 * @typedef {{x: number, y: number, scale: number}} Fit a picture pixel p is at fit.x + p.x · fit.scale while nothing is zoomed
 * @typedef {{zoom: number, x: number, y: number}} View on top of that: screen = fitted · zoom + (x, y)
 * @typedef {{a: number, b: number, e: number, f: number}} Similarity (x, y) → (a·x − b·y + e, b·x + a·y + f)
 */

export const WHOLE = Object.freeze({ zoom: 1, x: 0, y: 0 });
export const MOST = 12;

/** As `object-fit: contain` lays a picture. @param {Size} picture @param {Size} box @returns {Fit} */
export function fitted(picture, box) {
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  return { scale, x: (box.width - picture.width * scale) / 2, y: (box.height - picture.height * scale) / 2 };
}

/** @param {Point} point of the picture @param {Fit} fit @param {View} view @returns {Point} */
export function toScreen(point, fit, view) {
  return { x: (fit.x + point.x * fit.scale) * view.zoom + view.x, y: (fit.y + point.y * fit.scale) * view.zoom + view.y };
}

/** A view that leaves no more empty than the whole picture does. @param {View} view @param {Fit} fit @param {Size} picture @param {Size} box @returns {View} */
export function limited(view, fit, picture, box) {
  const zoom = Math.min(Math.max(view.zoom, 1), MOST);
  /** @param {number} shift @param {number} start @param {number} length @param {number} room */
  const one = (shift, start, length, room) => {
    const from = start * zoom;
    const size = length * zoom;
    if (size <= room) return (room - size) / 2 - from;
    return Math.min(Math.max(shift, room - size - from), -from);
  };
  return {
    zoom,
    x: one(view.x, fit.x, picture.width * fit.scale, box.width),
    y: one(view.y, fit.y, picture.height * fit.scale, box.height),
  };
}

/** Zoom with one point of the screen staying where it is. @param {View} view @param {number} factor @param {Point} at @returns {View} */
export function zoomed(view, factor, at) {
  const zoom = Math.min(Math.max(view.zoom * factor, 1), MOST);
  const by = zoom / view.zoom;
  return { zoom, x: at.x - (at.x - view.x) * by, y: at.y - (at.y - view.y) * by };
}

/**
 * The view that has a face in the middle. It may show what lies beyond the picture: a face at the edge is in the middle, too.
 * @param {{x: number, y: number, size: number}} face its centre and size in picture pixels
 * @param {Fit} fit
 * @param {Size} box
 * @param {number} fill share of the box's shorter side that the face takes
 * @returns {View}
 */
export function following(face, fit, box, fill) {
  const zoom = Math.min(Math.max((fill * Math.min(box.width, box.height)) / Math.max(face.size * fit.scale, 1), 0.5), MOST);
  return {
    zoom,
    x: box.width / 2 - (fit.x + face.x * fit.scale) * zoom,
    y: box.height / 2 - (fit.y + face.y * fit.scale) * zoom,
  };
}

/** The turn, size and shift that bring two points onto two others. @param {[Point, Point]} from @param {[Point, Point]} to @returns {Similarity} */
export function similarity([p, q], [r, s]) {
  const x = q.x - p.x;
  const y = q.y - p.y;
  const length = x * x + y * y || 1;
  const a = ((s.x - r.x) * x + (s.y - r.y) * y) / length;
  const b = ((s.y - r.y) * x - (s.x - r.x) * y) / length;
  return { a, b, e: r.x - a * p.x + b * p.y, f: r.y - b * p.x - a * p.y };
}

/** Two points that stand for a box that is turned: the ends of a line through its middle. @param {{x: number, y: number, size: number, roll: number}} face @returns {[Point, Point]} */
export function line({ x, y, size, roll }) {
  const angle = (roll * Math.PI) / 180;
  const dx = (Math.cos(angle) * size) / 2;
  const dy = (Math.sin(angle) * size) / 2;
  return [{ x: x - dx, y: y - dy }, { x: x + dx, y: y + dy }];
}

/** The smallest convex outline around points. @param {Point[]} points @returns {Point[]} */
export function hull(points) {
  const sorted = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
  /** @param {Point[]} all */
  const half = (all) => {
    /** @type {Point[]} */ const out = [];
    for (const point of all) {
      while (out.length > 1 && turn(out[out.length - 2], out[out.length - 1], point) <= 0) out.pop();
      out.push(point);
    }
    return out.slice(0, -1);
  };
  return sorted.length < 3 ? sorted : [...half(sorted), ...half(sorted.reverse())];
}

/** @param {Point} a @param {Point} b @param {Point} c */
const turn = (a, b, c) => (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
