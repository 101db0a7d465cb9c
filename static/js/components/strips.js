/** The two strips over the timeline's rows: the overview of the whole recording, and the ruler of the window. */
import { hatching, prepare } from "../lib/canvas.js";
import { formatTime } from "../lib/time.js";
import { colour } from "../lib/palette.js";
import { pan, span, ticks, toX, zoom } from "../lib/time-window.js";

export const OVERVIEW_HEIGHT = 34;
export const RULER_HEIGHT = 24;

/** @typedef {import("../lib/time-window.js").TimeWindow} TimeWindow */

export class Overview {
  /** @type {Float32Array | null} mean intensity a column, 0–1, NaN where nobody was seen */ activity = null;
  #picture = document.createElement("canvas");
  /** @type {any} what the picture was painted from */ #known = {};

  /**
   * @param {HTMLElement} box
   * @param {{durationUs: number, window: () => TimeWindow, onWindow: (window: TimeWindow) => void}} options
   */
  constructor(box, { durationUs, window, onWindow }) {
    this.box = box;
    this.canvas = /** @type {HTMLCanvasElement} */ (box.querySelector("canvas"));
    this.durationUs = durationUs;
    this.window = window;
    this.onWindow = onWindow;
    this.#listen();
  }

  /** @param {number} width @param {import("../lib/event-store.js").EventState[]} events */
  draw(width, events) {
    const whole = { fromUs: 0, toUs: this.durationUs };
    const known = this.#known;
    if (known.width !== width || known.events !== events || known.activity !== this.activity || known.ink !== colour("--ink-quiet")) {
      this.#known = { width, events, activity: this.activity, ink: colour("--ink-quiet") };
      this.#paint(prepare(this.#picture, width, OVERVIEW_HEIGHT), whole, width, events);
    }
    const pen = prepare(this.canvas, width, OVERVIEW_HEIGHT);
    pen.drawImage(this.#picture, 0, 0, width, OVERVIEW_HEIGHT);
    this.#frame(pen, whole, width);
  }

  /** @param {CanvasRenderingContext2D} pen @param {TimeWindow} whole @param {number} width @param {import("../lib/event-store.js").EventState[]} events */
  #paint(pen, whole, width, events) {
    const floor = OVERVIEW_HEIGHT - 8;
    pen.fillStyle = colour("--intensity-c");
    if (this.activity) {
      const top = Math.max(0.05, ...[...this.activity].filter(Number.isFinite));
      const step = width / this.activity.length;
      this.activity.forEach((value, column) => {
        if (Number.isNaN(value)) return;
        const height = Math.max((value / top) * (floor - 4), 0.75);
        pen.fillRect(column * step, floor - height, step + 0.4, height);
      });
    }
    pen.fillStyle = colour("--ink-quiet");
    for (const event of events) {
      const x = toX(whole, event.onset_us, width);
      pen.fillRect(x, floor + 3, Math.max(toX(whole, event.offset_us, width) - x, 1), 2);
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {TimeWindow} whole @param {number} width */
  #frame(pen, whole, width) {
    const shown = this.window();
    const from = toX(whole, shown.fromUs, width);
    const to = toX(whole, shown.toUs, width);
    pen.fillStyle = colour("--ground-sunken");
    pen.globalAlpha = 0.7;
    pen.fillRect(0, 0, from, OVERVIEW_HEIGHT);
    pen.fillRect(to, 0, width - to, OVERVIEW_HEIGHT);
    pen.globalAlpha = 1;
    pen.strokeStyle = colour("--accent");
    pen.lineWidth = 2;
    pen.beginPath();
    pen.roundRect(from + 1, 1, Math.max(to - from - 2, 3), OVERVIEW_HEIGHT - 2, 3);
    pen.stroke();
    this.box.setAttribute("aria-valuemin", "0");
    this.box.setAttribute("aria-valuemax", String(Math.round(this.durationUs / 1000)));
    this.box.setAttribute("aria-valuenow", String(Math.round(shown.fromUs / 1000)));
    this.box.setAttribute("aria-valuetext", `from ${formatTime(shown.fromUs)} to ${formatTime(shown.toUs)}`);
  }

  #listen() {
    let grip = 0;
    const at = (/** @type {PointerEvent} */ event) => {
      const { left, width } = this.box.getBoundingClientRect();
      return ((event.clientX - left) / width) * this.durationUs;
    };
    const move = (/** @type {PointerEvent} */ event) => {
      const shown = this.window();
      this.onWindow(pan(shown, at(event) - grip - shown.fromUs, this.durationUs));
    };
    this.box.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const shown = this.window();
      const us = at(event);
      grip = us >= shown.fromUs && us <= shown.toUs ? us - shown.fromUs : span(shown) / 2;
      this.box.setPointerCapture(event.pointerId);
      move(event);
    });
    this.box.addEventListener("pointermove", (event) => { if (this.box.hasPointerCapture(event.pointerId)) move(event); });
    this.box.addEventListener("keydown", (event) => {
      const shown = this.window();
      const middle = (shown.fromUs + shown.toUs) / 2;
      const next = {
        ArrowLeft: () => pan(shown, -span(shown) / 5, this.durationUs), ArrowRight: () => pan(shown, span(shown) / 5, this.durationUs),
        PageUp: () => pan(shown, -span(shown), this.durationUs), PageDown: () => pan(shown, span(shown), this.durationUs),
        ArrowUp: () => zoom(shown, 0.7, middle, this.durationUs), ArrowDown: () => zoom(shown, 1 / 0.7, middle, this.durationUs),
        Home: () => pan(shown, -this.durationUs, this.durationUs), End: () => pan(shown, this.durationUs, this.durationUs),
      }[event.key];
      if (!next || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.onWindow(next());
    });
  }
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

/** @param {HTMLCanvasElement} canvas @param {TimeWindow} window @param {number} width */
export function drawRuler(canvas, window, width) {
  const pen = prepare(canvas, width, RULER_HEIGHT);
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
