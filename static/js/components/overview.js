/**
 * The overview over the rows: the whole recording, what happens in it, what is still to be reviewed, and the window that the rows show.
 * The window is moved by dragging it, made longer or shorter by dragging one of its edges, by the wheel, by two fingers or by keys.
 */
import { prepare } from "../lib/canvas.js";
import { colour } from "../lib/palette.js";
import { isUnreviewed } from "../lib/rows.js";
import { outside } from "../lib/spans.js";
import { formatTime } from "../lib/time.js";
import { clamp, MIN_SPAN_US, pan, partAt, span, toX, zoom } from "../lib/time-window.js";
import { shade } from "./strips.js";

export const OVERVIEW_HEIGHT = 34;
const WHEEL_STEP = 0.0016;
const CLICK_PX = 2; // an edge that is moved less than this was clicked, not dragged

/**
 * @typedef {import("../lib/time-window.js").TimeWindow} TimeWindow
 */

export class Overview {
  /** @type {Float32Array | null} mean intensity a column, 0–1, NaN where nobody was seen */ activity = null;
  /** @type {[number, number][]} what of the recording is to be coded; empty for all */ spans = [];
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
    this.#listenToPointer();
    this.#listenToKeys();
  }

  /** @param {number} width @param {import("../lib/event-store.js").EventState[]} events @param {TimeWindow | null} range */
  draw(width, events, range) {
    const whole = { fromUs: 0, toUs: this.durationUs };
    const known = this.#known;
    if (known.width !== width || known.events !== events || known.activity !== this.activity || known.ink !== colour("--ink-quiet")) {
      this.#known = { width, events, activity: this.activity, ink: colour("--ink-quiet") };
      this.#paint(prepare(this.#picture, width, OVERVIEW_HEIGHT), whole, width, events);
    }
    const pen = prepare(this.canvas, width, OVERVIEW_HEIGHT);
    pen.drawImage(this.#picture, 0, 0, width, OVERVIEW_HEIGHT);
    if (range) {
      pen.fillStyle = colour("--accent");
      pen.globalAlpha = 0.25;
      pen.fillRect(toX(whole, range.fromUs, width), 0, Math.max(toX(whole, range.toUs, width) - toX(whole, range.fromUs, width), 1), OVERVIEW_HEIGHT);
      pen.globalAlpha = 1;
    }
    this.#frame(pen, whole, width);
  }

  /** @param {CanvasRenderingContext2D} pen @param {TimeWindow} whole @param {number} width @param {import("../lib/event-store.js").EventState[]} events */
  #paint(pen, whole, width, events) {
    const floor = OVERVIEW_HEIGHT - 10;
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
    const marks = [ // what is decided as a line, what is still to be reviewed below it as separate ticks
      { ink: colour("--ink-quiet"), top: floor + 2, height: 2, events: events.filter((event) => !event.deleted && !isUnreviewed(event)), least: 1 },
      { ink: colour("--attention"), top: floor + 5, height: 4, events: events.filter(isUnreviewed), least: 1.5 },
    ];
    for (const { ink, top, height, events: listed, least } of marks) {
      pen.fillStyle = ink;
      let end = -1;
      for (const event of [...listed].sort((a, b) => a.onset_us - b.onset_us)) {
        const x = toX(whole, event.onset_us, width);
        const to = Math.max(toX(whole, event.offset_us, width), x + least);
        if (to <= end) continue;
        pen.fillRect(x, top, to - x, height);
        end = to;
      }
    }
    shade(pen, outside(this.spans, this.durationUs), whole, width, OVERVIEW_HEIGHT);
  }

  /** @param {CanvasRenderingContext2D} pen @param {TimeWindow} whole @param {number} width */
  #frame(pen, whole, width) {
    const shown = this.window();
    const from = toX(whole, shown.fromUs, width);
    const to = Math.max(toX(whole, shown.toUs, width), from + 3);
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
    pen.fillStyle = colour("--accent");
    if (to - from > 24) for (const x of [from, to - 4]) pen.fillRect(x, 10, 4, OVERVIEW_HEIGHT - 20);
    const say = (/** @type {string} */ name, /** @type {string} */ value) => { if (this.box.getAttribute(name) !== value) this.box.setAttribute(name, value); };
    say("aria-valuemin", "0");
    say("aria-valuemax", String(Math.round(this.durationUs / 1000)));
    say("aria-valuenow", String(Math.round(shown.fromUs / 1000)));
    say("aria-valuetext", `from ${formatTime(shown.fromUs)} to ${formatTime(shown.toUs)}`);
  }

  #listenToPointer() {
    const { box, durationUs } = this;
    /** @type {Map<number, number>} pointer → microseconds */ const fingers = new Map();
    /** @type {import("../lib/time-window.js").Part} */ let part = "inside";
    let grip = 0;
    let pressedX = 0;
    let still = false; // pressed on an edge and not dragged yet
    const place = (/** @type {MouseEvent} */ event) => {
      const { left, width } = box.getBoundingClientRect();
      return { x: event.clientX - left, us: ((event.clientX - left) / width) * durationUs, width };
    };
    const under = (/** @type {MouseEvent} */ event) => {
      const { x, width } = place(event);
      const whole = { fromUs: 0, toUs: durationUs };
      return partAt(x, toX(whole, this.window().fromUs, width), toX(whole, this.window().toUs, width));
    };
    const move = (/** @type {number} */ us) => {
      const shown = this.window();
      const at = us - grip;
      if (part === "from") this.onWindow(clamp({ fromUs: Math.min(at, shown.toUs - MIN_SPAN_US), toUs: shown.toUs }, durationUs));
      else if (part === "to") this.onWindow(clamp({ fromUs: shown.fromUs, toUs: Math.max(at, shown.fromUs + MIN_SPAN_US) }, durationUs));
      else this.onWindow(pan(shown, at - shown.fromUs, durationUs));
    };
    box.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      box.setPointerCapture(event.pointerId);
      const { us } = place(event);
      fingers.set(event.pointerId, us);
      if (fingers.size > 1) return;
      const shown = this.window();
      part = under(event);
      grip = { from: us - shown.fromUs, to: us - shown.toUs, inside: us - shown.fromUs, outside: span(shown) / 2 }[part];
      pressedX = event.clientX;
      still = part === "from" || part === "to";
      if (part === "outside") move(us);
    });
    box.addEventListener("pointermove", (event) => {
      if (!box.hasPointerCapture(event.pointerId)) {
        box.style.setProperty("cursor", { from: "ew-resize", to: "ew-resize", inside: "grab", outside: "pointer" }[under(event)]);
        return;
      }
      const { us } = place(event);
      const former = fingers.get(event.pointerId) ?? us;
      fingers.set(event.pointerId, us);
      if (fingers.size > 1 || Math.abs(event.clientX - pressedX) > CLICK_PX) still = false;
      if (still) return;
      if (fingers.size < 2) return move(us);
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1] ?? us;
      const factor = Math.max(Math.abs(us - other), durationUs / 200) / Math.max(Math.abs(former - other), durationUs / 200);
      const middle = (us + other) / 2; // fingers apart: the window gets longer, as its frame does
      const length = span(this.window()) * factor;
      this.onWindow(clamp({ fromUs: middle - length / 2, toUs: middle + length / 2 }, durationUs));
    });
    box.addEventListener("pointerup", (event) => {
      const shown = this.window();
      const { us } = place(event);
      if (still && (us < shown.fromUs || us > shown.toUs)) this.onWindow(pan(shown, us - span(shown) / 2 - shown.fromUs, durationUs)); // a click beside the window goes there
      still = false;
      fingers.delete(event.pointerId);
    });
    box.addEventListener("pointercancel", (event) => {
      still = false;
      fingers.delete(event.pointerId);
    });
    box.addEventListener("wheel", (event) => {
      event.preventDefault();
      const shown = this.window();
      const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const amount = (event.deltaMode ? 30 : 1) * (event.deltaX && sideways ? event.deltaX : event.deltaY);
      if (sideways) this.onWindow(pan(shown, (amount / 400) * span(shown), durationUs));
      else this.onWindow(zoom(shown, Math.exp(amount * WHEEL_STEP), Math.min(Math.max(place(event).us, shown.fromUs), shown.toUs), durationUs));
    }, { passive: false });
  }

  #listenToKeys() {
    const { durationUs } = this;
    this.box.addEventListener("keydown", (event) => {
      const shown = this.window();
      const middle = (shown.fromUs + shown.toUs) / 2;
      const next = {
        ArrowLeft: () => pan(shown, -span(shown) / 5, durationUs), ArrowRight: () => pan(shown, span(shown) / 5, durationUs),
        PageUp: () => pan(shown, -span(shown), durationUs), PageDown: () => pan(shown, span(shown), durationUs),
        Home: () => pan(shown, -shown.fromUs, durationUs), End: () => pan(shown, durationUs - shown.toUs, durationUs),
        ArrowUp: () => zoom(shown, 0.6, middle, durationUs), ArrowDown: () => zoom(shown, 1 / 0.6, middle, durationUs),
      }[event.key];
      if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.onWindow(next());
    });
  }
}
