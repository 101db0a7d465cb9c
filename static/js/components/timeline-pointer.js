/**
 * What the pointer does on the timeline: scrub, choose a bar, drag an edge of the selected event, zoom and pan with wheel and two fingers.
 */
import { span, toUs } from "../lib/time-window.js";

/**
 * @typedef {import("../lib/rows.js").Hit} Hit
 * @typedef {object} Actions
 * @property {() => import("../lib/time-window.js").TimeWindow} window
 * @property {() => number} width of the plot, pixels
 * @property {(us: number) => void} scrub
 * @property {(x: number, y: number) => Hit | null} hit
 * @property {(hit: Hit) => void} choose
 * @property {(y: number) => void} chooseRow
 * @property {(hit: Hit, us: number, done: boolean) => void} dragEdge
 * @property {(hit: Hit) => void} cancelDrag
 * @property {(factor: number, anchorUs: number) => void} zoom
 * @property {(byUs: number) => void} pan
 * @property {(x: number, y: number, event: PointerEvent) => void} hover
 * @property {() => void} leave
 */

const WHEEL_STEP = 0.0016;

/** @param {HTMLElement} plot the rows, or another part with the same times @param {Actions} actions @param {{bars: boolean}} options */
export function installPointer(plot, actions, { bars }) {
  /** @type {Map<number, number>} pointer → x */
  const fingers = new Map();
  /** @type {Hit | null} */
  let held = null;
  const place = (/** @type {PointerEvent | WheelEvent} */ event) => {
    const box = plot.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const time = (/** @type {number} */ x) => toUs(actions.window(), x, actions.width());

  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const { x, y } = place(event);
    plot.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, x);
    if (fingers.size > 1) return void release();
    const found = bars ? actions.hit(x, y) : null;
    if (found?.edge) {
      held = found;
      return;
    }
    if (found) actions.choose(found);
    else if (bars) actions.chooseRow(y);
    actions.scrub(time(x));
  });

  plot.addEventListener("pointermove", (event) => {
    const { x, y } = place(event);
    if (!plot.hasPointerCapture(event.pointerId)) {
      plot.style.setProperty("cursor", bars && actions.hit(x, y)?.edge ? "ew-resize" : "");
      return void actions.hover(x, y, event);
    }
    if (fingers.size === 2) return void pinch(event.pointerId, x);
    fingers.set(event.pointerId, x);
    if (held) actions.dragEdge(held, time(x), false);
    else actions.scrub(time(x));
  });

  const up = (/** @type {PointerEvent} */ event) => {
    fingers.delete(event.pointerId);
    if (held && event.type === "pointerup") actions.dragEdge(held, time(place(event).x), true);
    else release();
    held = null;
  };
  plot.addEventListener("pointerup", up);
  plot.addEventListener("pointercancel", up);
  plot.addEventListener("pointerleave", actions.leave);

  function release() {
    if (held) actions.cancelDrag(held);
    held = null;
  }

  /** Two fingers: what lay under each stays under it. @param {number} moved @param {number} x */
  function pinch(moved, x) {
    const [other] = [...fingers.entries()].filter(([id]) => id !== moved).map(([, at]) => at);
    const former = /** @type {number} */ (fingers.get(moved));
    fingers.set(moved, x);
    const before = Math.max(Math.abs(former - other), 12);
    const after = Math.max(Math.abs(x - other), 12);
    const anchor = time((former + other) / 2);
    actions.zoom(before / after, anchor);
    actions.pan(((former - x) / 2 / actions.width()) * span(actions.window()));
  }

  plot.addEventListener("wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    const isZoom = event.ctrlKey || event.metaKey || (!bars && !sideways);
    if (!isZoom && !sideways) return; // the rows scroll
    event.preventDefault();
    actions.leave();
    const amount = (event.deltaMode ? 30 : 1) * (sideways && !event.deltaX ? event.deltaY : sideways ? event.deltaX : event.deltaY);
    if (isZoom) actions.zoom(Math.exp(amount * WHEEL_STEP * (event.ctrlKey && Math.abs(amount) < 20 ? 6 : 1)), time(place(event).x));
    else actions.pan((amount / actions.width()) * span(actions.window()));
  }, { passive: false });
}
