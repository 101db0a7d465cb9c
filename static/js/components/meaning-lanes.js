/**
 * Lanes under the voice: combinations, states, tone, words and the like, each aligned with the rows. They are asked for when the group is
 * opened. A lane's label opens its list in the drawer; a stretch that is pressed moves the playhead there.
 */
import { prepare } from "../lib/canvas.js";
import { element } from "../lib/dom.js";
import { getJson } from "../lib/http.js";
import { icon } from "../lib/icon.js";
import { stack, standing, valueAt } from "../lib/lane-items.js";
import { colour } from "../lib/palette.js";
import { recall, remember } from "../lib/remembered.js";
import { formatTime } from "../lib/time.js";
import { toUs, toX } from "../lib/time-window.js";

const ROW = 20;
const CURVE = 44;
const AGAIN_MS = 2000;
const OPEN = "meaning-open";

/**
 * @typedef {import("../lib/lane-items.js").Lane} Lane
 * @typedef {import("../lib/lane-items.js").Item} Item
 * @typedef {{statement: string, list: {name: string, word: string, value: number | null, low: number, high: number, why: string[], formula: string}[]}} Indicators
 * @typedef {import("../lib/time-window.js").TimeWindow} TimeWindow
 */

export class MeaningLanes extends EventTarget {
  /** @type {{lane: Lane, canvas: HTMLCanvasElement, height: number}[]} */ #shown = [];
  /** @type {TimeWindow} */ #window = { fromUs: 0, toUs: 1 };
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #again;
  /** @type {Lane[]} */ lanes = [];
  /** @type {Lane[]} as the server has them */ #served = [];
  /** What people mark on this page, shown before the server reads it; null hides the server's. @type {Map<string, Lane | null>} */ #own = new Map();
  statement = "";
  /** @type {Indicators | null} */ indicators = null;
  words = "";
  face = 0;
  #width = 0;
  #loaded = -1;

  /** @param {HTMLElement} box @param {{redraw: () => void, onLook: (us: number) => void, onLane: (id: string) => void}} options */
  constructor(box, options) {
    super();
    this.url = box.dataset.url ?? "";
    this.options = options;
    const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (box.querySelector(`#${id}`));
    this.parts = { button: part("meaning-fold"), lanes: part("meaning-lanes"), words: part("meaning-words"), count: part("meaning-count") };
    this.parts.button.addEventListener("click", () => this.open(this.parts.lanes.hidden));
    this.open(recall(OPEN, false));
  }

  /** @param {boolean} open */
  open(open) {
    this.parts.button.setAttribute("aria-expanded", String(open));
    this.parts.lanes.hidden = !open;
    remember(OPEN, open);
    if (open) this.load();
    this.options.redraw();
  }

  /** @param {number} face */
  openFace(face) {
    this.face = face;
    if (!this.parts.lanes.hidden || this.#loaded >= 0) this.load();
  }

  /** Ask for the lanes, unless they are here. @param {boolean} [anew] */
  async load(anew = false) {
    if (!anew && this.#loaded === this.face) return;
    clearTimeout(this.#again);
    const { face } = this;
    this.#loaded = face;
    this.#say("Loading …");
    try {
      const answer = await getJson(`${this.url}?face=${face}`);
      if (face !== this.face) return;
      this.statement = answer.statement;
      this.indicators = answer.indicators ?? null;
      this.#say(answer.words);
      this.#served = answer.lanes;
      this.#show();
      if (answer.coming) this.#again = setTimeout(() => this.load(true), AGAIN_MS);
    } catch (error) {
      this.#loaded = -1;
      this.#say(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} text */
  #say(text) {
    this.words = text;
    this.parts.words.textContent = text;
    this.dispatchEvent(new Event("change"));
  }

  /** A lane of what is marked on this page, in the place of the server's. @param {string} id @param {Lane | null} lane */
  setOwn(id, lane) {
    if (JSON.stringify(this.#own.get(id)?.items) === JSON.stringify(lane?.items) && this.#own.has(id)) return;
    this.#own.set(id, lane);
    this.#show();
  }

  #show() {
    const own = [...this.#own.values()].filter((lane) => lane !== null);
    this.lanes = [...own, ...this.#served.filter(({ id }) => !this.#own.has(id))];
    this.#shown = this.lanes.map((lane) => {
      const height = lane.kind === "curve" ? CURVE : 4 + ROW * stack(lane.items ?? []);
      return { lane, canvas: element("canvas"), height };
    });
    this.parts.lanes.replaceChildren(...this.#shown.map((one) => this.#line(one)));
    this.dispatchEvent(new Event("change"));
    this.options.redraw();
  }

  /** @param {{lane: Lane, canvas: HTMLCanvasElement, height: number}} one */
  #line({ lane, canvas, height }) {
    const label = element("button", { class: "row-group", type: "button", title: lane.note, "aria-label": `${lane.name}: list` },
      element("span", { class: "row-group__name" }, lane.name), element("span", { class: "row-group__count" }, lane.items ? String(lane.items.length) : lane.unit ?? ""), icon("chevron-right", "s"));
    label.addEventListener("click", () => this.options.onLane(lane.id));
    const plot = element("div", { class: "tracks__plot meaning__plot" }, canvas);
    plot.style.setProperty("height", `${height}px`);
    plot.addEventListener("pointermove", (event) => { plot.title = this.#tip(lane, event); });
    plot.addEventListener("click", (event) => this.#press(lane, event));
    return element("div", { class: "tracks__line meaning__line" }, element("div", { class: "tracks__label voice__label" }, label), plot);
  }

  /** @param {MouseEvent} event */
  #us(event) {
    const { left } = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    return toUs(this.#window, event.clientX - left, this.#width);
  }

  /** @param {Lane} lane @param {MouseEvent} event @returns {Item | undefined} what is under the pointer */
  #under(lane, event) {
    const { top } = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
    const row = Math.floor((event.clientY - top - 2) / ROW);
    const near = ((this.#window.toUs - this.#window.fromUs) / Math.max(this.#width, 1)) * 3;
    const us = this.#us(event);
    return (lane.items ?? []).findLast((item) => item.row === row && item.from - near <= us && us <= item.to + near);
  }

  /** @param {Lane} lane @param {PointerEvent} event */
  #tip(lane, event) {
    if (lane.kind === "curve") {
      const found = valueAt(lane, this.#us(event));
      if (!found) return "not measured here";
      const ends = found.low === null || found.high === null ? "" : ` (90 %: ${found.low.toFixed(2)} to ${found.high.toFixed(2)})`;
      return `${lane.name} ${found.value.toFixed(2)} ${lane.unit ?? ""}${ends}`;
    }
    const item = this.#under(lane, event);
    return item ? [item.label, ...(item.lines ?? []), `${formatTime(item.from)} to ${formatTime(item.to)}`].join("\n") : "";
  }

  /** @param {Lane} lane @param {MouseEvent} event */
  #press(lane, event) {
    const item = lane.kind === "spans" ? this.#under(lane, event) : undefined;
    this.options.onLook(item ? item.at ?? item.from : this.#us(event));
  }

  /** What stands at a moment, lane by lane. @param {number} us @returns {{lane: Lane, items: Item[], value: ReturnType<typeof valueAt>}[]} */
  at(us) {
    return this.lanes.map((lane) => ({ lane, items: standing(lane, us), value: lane.kind === "curve" ? valueAt(lane, us) : null }));
  }

  /** @param {TimeWindow} window @param {number} width */
  draw(window, width) {
    this.#window = window;
    this.#width = width;
    if (this.parts.lanes.hidden) return;
    for (const { lane, canvas, height } of this.#shown) {
      const pen = prepare(canvas, width, height);
      if (lane.kind === "curve") this.#drawCurve(pen, lane, height);
      else this.#drawSpans(pen, lane);
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {Lane} lane */
  #drawSpans(pen, lane) {
    pen.font = `12px ${getComputedStyle(this.parts.lanes).fontFamily}`;
    pen.textBaseline = "middle";
    const room = (this.#window.toUs - this.#window.fromUs) / Math.max(this.#width, 1);
    for (const item of lane.items ?? []) {
      if (item.to < this.#window.fromUs || item.from > this.#window.toUs) continue;
      const left = Math.max(toX(this.#window, item.from, this.#width), -2);
      const wide = Math.max((Math.min(item.to, this.#window.toUs + room) - Math.max(item.from, this.#window.fromUs - 2 * room)) / room, 3);
      const top = 2 + (item.row ?? 0) * ROW;
      const own = item.tone === "mark" ? "--attention" : "--accent";
      pen.fillStyle = colour(item.tone === "mark" ? "--attention-soft" : item.tone === "faint" ? "--ground-sunken" : "--accent-soft");
      pen.strokeStyle = colour(item.tone === "faint" ? "--outline" : own);
      pen.setLineDash(item.tone === "faint" ? [3, 3] : []);
      pen.fillRect(left, top + 1, wide, ROW - 3);
      pen.strokeRect(left + 0.5, top + 1.5, Math.max(wide - 1, 1), ROW - 4);
      if (wide < 24) continue;
      pen.save();
      pen.beginPath();
      pen.rect(left, top, wide - 3, ROW);
      pen.clip();
      pen.fillStyle = colour(item.tone === "faint" ? "--ink-quiet" : "--ink-strong");
      pen.fillText(item.label, left + 5, top + ROW / 2);
      pen.restore();
    }
    pen.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} pen @param {Lane} lane @param {number} height */
  #drawCurve(pen, lane, height) {
    const { times = [], values = [], low, high, range = [0, 1] } = lane;
    const y = (/** @type {number} */ value) => height - 3 - ((Math.min(Math.max(value, range[0]), range[1]) - range[0]) / (range[1] - range[0])) * (height - 6);
    const x = (/** @type {number} */ index) => toX(this.#window, times[index], this.#width);
    const near = 2 * (times.length > 1 ? times[1] - times[0] : 0);
    const runs = runsOf(times, values, near, this.#window);
    pen.fillStyle = colour("--accent-line");
    pen.globalAlpha = 0.55;
    for (const [from, to] of low && high ? runs : []) {
      pen.beginPath();
      for (let index = from; index < to; index += 1) pen.lineTo(x(index), y(high?.[index] ?? values[index] ?? 0));
      for (let index = to - 1; index >= from; index -= 1) pen.lineTo(x(index), y(low?.[index] ?? values[index] ?? 0));
      pen.fill();
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = colour("--hairline");
    if (range[0] < 0) pen.strokeRect(0, Math.round(y(0)) + 0.5, this.#width, 0);
    pen.strokeStyle = colour("--accent");
    pen.lineWidth = 1.5;
    for (const [from, to] of runs) {
      pen.beginPath();
      for (let index = from; index < to; index += 1) pen.lineTo(x(index), y(values[index] ?? 0));
      if (to - from === 1) pen.arc(x(from), y(values[from] ?? 0), 1.5, 0, 7);
      pen.stroke();
    }
    pen.lineWidth = 1;
  }
}

/**
 * Unbroken stretches of a curve in the window, and a little beyond.
 * @param {number[]} times @param {(number | null)[]} values @param {number} near longest step that is joined, microseconds
 * @param {TimeWindow} window
 * @returns {[number, number][]} first and last + 1
 */
function runsOf(times, values, near, window) {
  /** @type {[number, number][]} */ const runs = [];
  let start = -1;
  for (let index = 0; index <= times.length; index += 1) {
    const there = index < times.length && values[index] !== null && times[index] >= window.fromUs - near && times[index] <= window.toUs + near;
    const joined = there && start >= 0 && (index === start || times[index] - times[index - 1] <= near);
    if (start >= 0 && !joined) {
      runs.push([start, index]);
      start = -1;
    }
    if (there && start < 0) start = index;
  }
  return runs;
}
