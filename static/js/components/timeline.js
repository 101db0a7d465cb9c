/**
 * The timeline: rows of Action Units with their heat and their events, the curve of one of them, an overview, a ruler, a playhead.
 * Everything that moves every frame is a transform; the plots are drawn again only when another window has arrived.
 */
import { element } from "../lib/dom.js";
import { letterOf, unit } from "../lib/facs.js";
import { holes, reasonsAt, sayWhy } from "../lib/gates.js";
import { chooseRows, hit, LANES, moveEdge, ROW } from "../lib/rows.js";
import { onThemeChange } from "../lib/theme.js";
import { formatTime } from "../lib/time.js";
import { around, clamp, follow, pan, reveal, toUs, toX, zoom } from "../lib/time-window.js";
import { CurveReading } from "./curve-reading.js";
import { EventBars, regionOf } from "./event-bars.js";
import { CURVE_HEIGHT, CurvePlot, HeatmapPlot } from "./plots.js";
import { RowLabels } from "./row-labels.js";
import { drawHoles, drawRuler, Overview } from "./strips.js";
import { installPointer } from "./timeline-pointer.js";
import { WindowLoader } from "./window-loader.js";

const FIRST_SPAN_US = 60_000_000;

/**
 * @typedef {import("../lib/event-store.js").EventState} EventState
 * @typedef {object} Options
 * @property {import("../lib/facs.js").Catalogue} catalogue
 * @property {number} durationUs
 * @property {import("../lib/frames.js").FrameTable} frames
 * @property {Record<string, string>} reasons words for why something is not scored
 * @property {Record<string, string>} tierWords what the tiers mean
 * @property {string} url of the signals
 * @property {number} version
 * @property {boolean} alone only the machine's layer is shown
 * @property {(us: number) => void} onScrub
 * @property {(event: EventState, machine: boolean) => void} onChoose
 * @property {(event: EventState, times: object, done: boolean) => void} onTimes an edge is being dragged
 * @property {(error: unknown) => void} onError
 */

export class Timeline {
  /** @type {import("../lib/time-window.js").TimeWindow} */ window;
  /** @type {string[]} */ rows = [];
  /** @type {EventState[]} */ mine = [];
  /** @type {EventState[]} */ machine = [];
  /** @type {import("../lib/heat.js").Heat | null} */ heat = null;
  /** @type {string[]} */ dataCodes = [];
  /** @type {"data" | "events" | "all"} */ choice = "data";
  /** @type {string | null} */ code = null;
  /** @type {string | null} */ selected = null;
  /** @type {EventState | null} the selected event while one of its edges is dragged */ #preview = null;
  editable = false;
  face = 0;
  width = 0;
  #timeUs = 0;
  #drawing = 0;
  #isOurChoice = true; // until somebody chooses a row, the first one with an event is shown

  /** @param {HTMLElement} root @param {Options} options */
  constructor(root, options) {
    this.root = root;
    this.options = options;
    const isShort = options.durationUs <= 2 * FIRST_SPAN_US;
    this.window = clamp({ fromUs: 0, toUs: isShort ? options.durationUs : FIRST_SPAN_US }, options.durationUs);
    const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (root.querySelector(`#${id}`));
    this.parts = { rows: part("rows-plot"), scroll: part("rows-scroll"), cursor: part("cursor"), tip: part("tip"), empty: part("rows-empty"),
      curveLabel: part("curve-label"), why: part("curve-why"), holes: /** @type {HTMLCanvasElement} */ (part("curve-holes")), tracks: part("tracks"), ruler: /** @type {HTMLCanvasElement} */ (root.querySelector("#ruler canvas")) };
    this.heatmap = new HeatmapPlot(part("heat"));
    this.curve = new CurvePlot(part("curve"));
    this.reading = new CurveReading(element("output", { class: "curve-reading", "aria-label": "Intensity at the playhead, with its 90 % interval" }),
      (us) => this.loader.frameAt(us, this.face, this.code ?? ""));
    this.bars = new EventBars(/** @type {HTMLCanvasElement} */ (part("bars")), options.catalogue);
    this.labels = new RowLabels(part("row-labels"), { catalogue: options.catalogue, onChoose: (code) => this.chooseCode(code) });
    this.overview = new Overview(part("overview"), { durationUs: options.durationUs, window: () => this.window, onWindow: (window) => this.show(window) });
    this.loader = new WindowLoader({ url: options.url, version: options.version, durationUs: options.durationUs, onError: options.onError,
      onHeat: (heat) => this.#take(heat), onCurve: (curve, drawn, width) => this.#takeCurve(curve, drawn, width) });
    const actions = this.#actions();
    installPointer(this.parts.rows, actions, { bars: true });
    for (const id of ["ruler", "curve-plot"]) installPointer(part(id), actions, { bars: false });
    this.parts.scroll.addEventListener("scroll", () => this.redraw(), { passive: true });
    const sizes = new ResizeObserver(() => this.#measure());
    for (const box of [this.parts.rows, this.parts.scroll]) sizes.observe(box);
    onThemeChange(() => { this.bars.takeColours(); this.loader.forget(); this.#want(true); this.redraw(); });
  }

  get lanes() {
    return this.options.alone ? LANES.machine : LANES.both;
  }

  /** Show another face. @param {number} face */
  async openFace(face) {
    this.face = face;
    if (!this.options.url) return this.#arrange(); // coding blind: what the machine measured is hidden
    try {
      const whole = await this.loader.whole(face, 1200);
      this.overview.activity = whole.activity();
      this.dataCodes = whole.codes;
    } catch (error) {
      this.options.onError(error);
    }
    this.loader.forget();
    this.#arrange();
    this.#want(true);
  }

  /** @param {EventState[]} mine @param {EventState[]} machine of the face that is shown */
  setEvents(mine, machine) {
    this.mine = mine;
    this.machine = machine;
    this.#arrange();
  }

  /** @param {"data" | "events" | "all"} choice */
  setRows(choice) {
    this.choice = choice;
    this.#arrange();
  }

  /** @param {string} code */
  chooseCode(code) {
    this.#isOurChoice = false;
    if (code === this.code) return;
    this.code = code;
    this.reading.take(null);
    this.labels.choose(code);
    this.#drawCurveLabel();
    this.#want(true);
    this.redraw();
  }

  /** Mark an event, and bring it into view. @param {EventState | null} event @param {boolean} [bringIntoView] */
  select(event, bringIntoView = true) {
    this.selected = event?.id ?? null;
    this.#preview = null;
    if (event) {
      this.chooseCode(event.code);
      if (bringIntoView) {
        this.show(reveal(this.window, event, this.options.durationUs));
        this.#scrollTo(event.code);
      }
    }
    this.redraw();
  }

  /** @param {import("../lib/time-window.js").TimeWindow} window */
  show(window) {
    if (window.fromUs === this.window.fromUs && window.toUs === this.window.toUs) return;
    this.window = window;
    this.#want();
    this.redraw();
  }

  /** @param {number} factor @param {number} [anchorUs] */
  zoom(factor, anchorUs = this.#anchor()) {
    this.show(zoom(this.window, factor, anchorUs, this.options.durationUs));
  }

  showAll() {
    this.show({ fromUs: 0, toUs: this.options.durationUs });
  }

  /** @param {EventState} event */
  showEvent(event) {
    this.show(around(event, this.options.durationUs));
  }

  /** Move the playhead. @param {number} us @param {boolean} playing whether the page turns with it */
  tick(us, playing) {
    this.#timeUs = us;
    if (playing) this.show(follow(this.window, us, this.options.durationUs));
    this.#placeCursor();
  }

  /** Draw everything of ours with the next frame of the screen. */
  redraw() {
    if (this.#drawing) return;
    this.#drawing = requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#draw();
    });
  }

  #draw() {
    if (this.width < 1) return;
    const { window, width } = this;
    this.heatmap.place(window, width);
    this.curve.place(window, width);
    const mine = this.#preview ? this.mine.map((event) => (event.id === this.#preview?.id ? this.#preview : event)) : this.mine;
    this.bars.draw({ width, window, rows: this.rows, lanes: this.lanes, mine, machine: this.machine, selected: this.selected,
      editable: this.editable, code: this.code, top: this.parts.scroll.scrollTop,
      height: Math.min(this.parts.scroll.clientHeight, this.rows.length * ROW) });
    this.overview.draw(width, this.options.alone ? this.machine : mine);
    drawRuler(this.parts.ruler, window, width);
    drawHoles(this.parts.holes, this.code && this.heat ? holes(this.heat.gates, this.options.catalogue.get(this.code)) : [], window, width, CURVE_HEIGHT);
    this.#placeCursor();
  }

  #placeCursor() {
    const x = toX(this.window, this.#timeUs, this.width);
    this.parts.cursor.style.setProperty("transform", `translate3d(${x.toFixed(2)}px, 0, 0)`);
    const why = this.code ? this.#why(this.code, this.#timeUs) : "";
    if (this.parts.why.textContent !== why) this.parts.why.textContent = why;
    this.reading.at(this.#timeUs);
  }

  /** Why a unit is not scored at a time; empty where it is. @param {string} code @param {number} us */
  #why(code, us) {
    if (!this.heat) return "";
    const reasons = reasonsAt(this.heat.gates, this.options.catalogue.get(code), us);
    return sayWhy(reasons, this.options.reasons, reasons.length > 0 && this.heat.valueAt(code, us) !== null);
  }

  #anchor() {
    const inside = this.#timeUs >= this.window.fromUs && this.#timeUs <= this.window.toUs;
    return inside ? this.#timeUs : (this.window.fromUs + this.window.toUs) / 2;
  }

  #measure() {
    const { rows, scroll, tracks } = this.parts;
    tracks.style.setProperty("--scrollbar", `${scroll.offsetWidth - scroll.clientWidth}px`);
    const width = Math.floor(rows.clientWidth);
    if (width !== this.width) {
      this.width = width;
      this.#want();
    }
    this.redraw();
  }

  /** @param {boolean} [now] */
  #want(now = false) {
    const code = this.code && this.dataCodes.includes(this.code) ? this.code : null;
    if (!code) this.curve.clear();
    if (this.dataCodes.length) this.loader.want({ window: this.window, width: this.width, face: this.face, code }, now);
  }

  #arrange() {
    const events = new Set([...this.mine, ...this.machine].filter((event) => !event.deleted).map((event) => event.code));
    const rows = chooseRows(this.choice, this.options.catalogue, { data: this.dataCodes, events });
    if (rows.join() !== this.rows.join()) {
      this.rows = rows;
      this.labels.draw(rows, this.code);
      this.parts.rows.style.setProperty("height", `${rows.length * ROW}px`);
      this.parts.empty.hidden = rows.length > 0;
      if (this.heat) this.heatmap.draw(this.heat, rows);
    }
    if (this.#isOurChoice && rows.length) {
      this.chooseCode(rows.find((code) => events.has(code)) ?? rows[0]);
      this.#isOurChoice = true;
    }
    this.redraw();
  }

  /** @param {import("../lib/heat.js").Heat} heat */
  #take(heat) {
    this.heat = heat;
    this.heatmap.draw(heat, this.rows);
    this.redraw();
  }

  /** @param {any} curve @param {import("../lib/time-window.js").TimeWindow} drawn @param {number} width */
  #takeCurve(curve, drawn, width) {
    if (!curve?.time_us || !this.code) this.curve.clear();
    else this.curve.draw(curve, drawn, width, regionOf(this.options.catalogue.get(this.code).group));
    this.reading.take(curve);
    this.#drawCurveLabel(curve);
    this.redraw();
  }

  /** @param {any} [curve] */
  #drawCurveLabel(curve) {
    if (!this.code) return;
    const { name, group, tier } = this.options.catalogue.get(this.code);
    const line = (/** @type {string} */ side, /** @type {string} */ text) => element("span", { class: "curve-key", "data-side": side }, text);
    const sides = curve?.left ? [line("both", "Both"), line("left", "Left"), line("right", "Right")] : [];
    if (curve?.low) sides.push(line("band", "90 %"));
    this.parts.curveLabel.replaceChildren(
      element("span", { class: "curve-label__head", "data-region": group }, element("span", { class: "au" }, this.code), element("span", { class: "row-label__name" }, name)),
      element("span", { class: "curve-label__now" }, this.reading.box, element("span", { class: "tier", "data-tier": tier, title: this.options.tierWords[tier] }, tier)),
      element("span", { class: "curve-keys", "data-region": group }, ...sides),
      element("span", { class: "curve-letters", "aria-hidden": "true" }, ...[..."EDCBA"].map((letter) => element("span", {}, letter))));
  }

  /** @param {string} code */
  #scrollTo(code) {
    const top = this.rows.indexOf(code) * ROW;
    const { scroll } = this.parts;
    if (top < 0) return;
    if (top < scroll.scrollTop) scroll.scrollTop = top - ROW;
    else if (top + ROW * 2 > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = top + ROW * 2 - scroll.clientHeight;
  }

  /** @returns {import("./timeline-pointer.js").Actions} */
  #actions() {
    const { options } = this;
    return {
      window: () => this.window,
      width: () => this.width,
      scrub: (us) => { this.leave(); options.onScrub(Math.min(Math.max(us, 0), options.durationUs)); },
      hit: (x, y) => this.#hit(x, y),
      choose: ({ event, machine }) => options.onChoose(event, machine),
      chooseRow: (y) => { const code = this.rows[Math.floor(y / ROW)]; if (code) this.chooseCode(code); },
      dragEdge: ({ event, edge }, us, done) => {
        const at = options.frames.snap(Math.min(Math.max(us, 0), options.durationUs));
        const times = moveEdge(event, /** @type {import("../lib/rows.js").Edge} */ (edge), at);
        this.#preview = done ? null : { ...event, ...times };
        options.onTimes(event, times, done);
        options.onScrub(at);
        this.redraw();
      },
      cancelDrag: () => { this.#preview = null; this.redraw(); },
      zoom: (factor, anchorUs) => this.zoom(factor, anchorUs),
      pan: (byUs) => this.show(pan(this.window, byUs, options.durationUs)),
      hover: (x, y, event) => this.#hover(x, y, event),
      leave: () => this.leave(),
    };
  }

  /** @param {number} x @param {number} y */
  #hit(x, y) {
    const { width, window, rows, lanes, mine, machine } = this;
    return hit({ x, y, width, window, rows, lanes, mine, machine, selected: this.editable ? this.selected : null });
  }

  leave() {
    this.parts.tip.hidden = true;
  }

  /** @param {number} x @param {number} y @param {PointerEvent} event */
  #hover(x, y, event) {
    const { tip, tracks, rows } = this.parts;
    const inRows = event.currentTarget === rows;
    const code = inRows ? this.rows[Math.floor(y / ROW)] : null;
    if (!code || event.pointerType === "touch") return this.leave();
    const us = toUs(this.window, x, this.width);
    const { name, tier, group } = this.options.catalogue.get(code);
    const found = this.#hit(x, y);
    const value = this.heat?.valueAt(code, us) ?? null;
    const says = found
      ? `${found.machine ? "Machine" : "Event"} ${unit(found.event)}, ${formatTime(found.event.onset_us)} to ${formatTime(found.event.offset_us)}`
      : value === null ? this.#why(code, us) || "not scored" : `${value.toFixed(1)} of 5${value > 0.05 ? `, about ${letterOf(value)}` : ""}`;
    tip.replaceChildren(
      element("span", { class: "tip__head", "data-region": group }, element("span", { class: "au" }, code), element("strong", {}, name)),
      element("span", {}, says), element("span", { class: "quiet" }, `${formatTime(us)} · ${tier}`));
    tip.hidden = false;
    const box = tracks.getBoundingClientRect();
    const left = Math.min(event.clientX - box.left + 14, box.width - tip.offsetWidth - 4);
    const above = event.clientY - box.top > box.height - tip.offsetHeight - 24;
    tip.style.setProperty("transform", `translate(${Math.round(left)}px, ${Math.round(event.clientY - box.top + (above ? -tip.offsetHeight - 10 : 18))}px)`);
  }
}
