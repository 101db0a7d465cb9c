/**
 * The timeline: rows of codes with the machine's curve and the events, the curve of one of them, an overview, a ruler, a playhead.
 * Rows and bars are drawn from what is in memory at every frame; only the large curve is a picture that moves until the next one comes.
 */
import { element } from "../lib/dom.js";
import { EventIndex } from "../lib/event-index.js";
import { holes, reasonsAt, sayWhy } from "../lib/gates.js";
import { recall, remember } from "../lib/remembered.js";
import { plainFilter, sayEmpty } from "../lib/row-filter.js";
import { arrange, chooseRows, heightOf, hit, itemAt, LANES, moveEdge } from "../lib/rows.js";
import { onThemeChange } from "../lib/theme.js";
import { Pyramid } from "../lib/tiles.js";
import { around, clamp, follow, pan, reveal, toX, zoom } from "../lib/time-window.js";
import { CURVE_HEIGHT, CurvePlot } from "./curve-plot.js";
import { CurveReading } from "./curve-reading.js";
import { regionOf } from "./event-bars.js";
import { LaneFilter } from "./lane-filter.js";
import { Overview } from "./overview.js";
import { RowLabels } from "./row-labels.js";
import { RowsCanvas } from "./rows-canvas.js";
import { drawHoles, drawRuler } from "./strips.js";
import { TimelineMarks } from "./timeline-marks.js";
import { installPointer } from "./timeline-pointer.js";
import { TimelineTip } from "./timeline-tip.js";
import { VoiceLane } from "./voice-lane.js";
import { WindowLoader } from "./window-loader.js";

const FIRST_SPAN_US = 60_000_000;
const CLOSED = "closed-groups";

/**
 * @typedef {import("../lib/event-store.js").EventState} EventState
 * @typedef {import("../lib/time-window.js").TimeWindow} TimeWindow
 * @typedef {object} Options
 * @property {import("../lib/facs.js").Catalogue} catalogue
 * @property {number} durationUs
 * @property {import("../lib/frames.js").FrameTable} frames
 * @property {Record<string, string>} reasons words for why something is not scored
 * @property {Record<string, string>} tierWords what the tiers mean
 * @property {string} url of the signals; empty while they are hidden from who codes blind
 * @property {number} version
 * @property {boolean} alone only the machine's layer is shown
 * @property {import("../lib/rows.js").LaneSpec[]} [lanes] the bars' lanes from the top, where they are others than the machine's and one's own
 * @property {[number, number][]} [spans] what of the recording is to be coded; empty or missing for all
 * @property {{name: string, codes: string[]}[]} [prototypes]
 * @property {(us: number) => void} onScrub
 * @property {(event: EventState, machine: boolean, lane: string) => void} onChoose
 * @property {(event: EventState, times: object, done: boolean) => void} onTimes an edge is being dragged
 * @property {(error: unknown) => void} onError
 * @property {(filter: import("../lib/row-filter.js").Filter) => void} [onFilter]
 */

export class Timeline {
  /** @type {TimeWindow} */ window;
  /** @type {string[]} codes of the rows, those of closed groups too */ rows = [];
  /** @type {import("../lib/rows.js").Item[]} */ items = [];
  /** @type {Record<string, EventState[]>} by lane */ events = {};
  /** @type {Record<string, EventIndex>} by lane */ indexes = {};
  /** @type {string[]} */ dataCodes = [];
  /** @type {TimeWindow | null} between in and out */ range = null;
  /** @type {string | null} */ code = null;
  /** @type {string | null} */ selected = null;
  /** @type {EventState | null} the selected event while one of its edges is dragged */ #preview = null;
  /** @type {EventState[]} */ #marks = [];
  /** @type {import("../lib/gates.js").Gate[]} of the window */ #gates = [];
  /** @type {import("./meaning-lanes.js").MeaningLanes | null} set by its panel */ meaning = null;
  editable = false;
  face = 0;
  width = 0;
  #timeUs = 0;
  #drawing = 0;
  #isOurChoice = true; // until somebody chooses a row, the first one with an event is shown

  /** @param {HTMLElement} root @param {Options} options */
  constructor(root, options) {
    this.options = options;
    this.blind = !options.url;
    this.lanes = options.lanes ?? (options.alone ? LANES.machine : this.blind ? LANES.mine : LANES.both);
    this.window = clamp({ fromUs: 0, toUs: options.durationUs <= 2 * FIRST_SPAN_US ? options.durationUs : FIRST_SPAN_US }, options.durationUs);
    this.closed = new Set(recall(CLOSED, /** @type {string[]} */ ([])));
    const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (root.querySelector(`#${id}`));
    this.parts = { rows: part("rows-plot"), scroll: part("rows-scroll"), cursor: part("cursor"), empty: part("rows-empty"), emptyText: part("rows-empty-text"),
      curveLabel: part("curve-label"), why: part("curve-why"), holes: /** @type {HTMLCanvasElement} */ (part("curve-holes")), tracks: part("tracks"), ruler: /** @type {HTMLCanvasElement} */ (root.querySelector("#ruler canvas")) };
    this.pyramid = new Pyramid(options.durationUs);
    this.curve = new CurvePlot(part("curve"));
    this.reading = new CurveReading(element("p", { class: "curve-reading", role: "group", "aria-label": "Intensity at the playhead, with its 90 % interval" }),
      (us) => this.loader.frameAt(us, this.code ?? ""));
    this.canvas = new RowsCanvas(/** @type {HTMLCanvasElement} */ (part("bars")));
    this.labels = new RowLabels(part("row-labels"), { catalogue: options.catalogue, onChoose: (code) => this.chooseCode(code), onFold: (group) => this.fold(group), blind: this.blind });
    this.overview = new Overview(part("overview"), { durationUs: options.durationUs, window: () => this.window, onWindow: (window) => this.show(window) });
    this.overview.spans = options.spans ?? [];
    this.pins = new TimelineMarks(part("marks"), { now: () => this.#timeUs });
    this.tip = new TimelineTip(part("tip"), this.parts.tracks, this);
    this.loader = new WindowLoader({ url: options.url, version: options.version, durationUs: options.durationUs, pyramid: this.pyramid, onError: options.onError,
      onTiles: () => this.redraw(), onCurve: (curve, drawn, width) => this.#takeCurve(curve, drawn, width) });
    if (part("voice")) this.voice = new VoiceLane(part("voice"), { durationUs: options.durationUs, redraw: () => this.redraw() });
    const plain = this.blind ? "all" : "data";
    this.filter = plainFilter(plain);
    if (part("rows")) {
      this.filters = new LaneFilter(root, { plain, prototypes: options.prototypes ?? [], onChange: (filter) => {
        this.filter = filter;
        this.#arrange();
        options.onFilter?.(filter);
      } });
    }
    const actions = this.#actions();
    installPointer(this.parts.rows, actions, { bars: true });
    for (const id of ["ruler", "curve-plot"]) installPointer(part(id), actions, { bars: false });
    this.parts.scroll.addEventListener("scroll", () => { this.#want(); this.redraw(); }, { passive: true });
    const sizes = new ResizeObserver(() => this.#measure());
    for (const box of [this.parts.rows, this.parts.scroll]) sizes.observe(box);
    onThemeChange(() => { this.canvas.takeColours(); this.loader.forget(); this.#want(true); this.redraw(); });
  }

  /** Show another face. @param {number} face */
  async openFace(face) {
    this.face = face;
    if (this.blind) return this.#arrange(); // what the machine measured is hidden
    const pyramid = new Pyramid(this.options.durationUs);
    try {
      const { codes } = await this.loader.open(face, pyramid);
      if (face !== this.face) return;
      this.pyramid = pyramid;
      this.overview.activity = pyramid.activity();
      this.dataCodes = codes;
    } catch (error) {
      this.options.onError(error);
    }
    this.#arrange();
    this.#want(true);
  }

  /** @param {EventState[]} mine those that were taken out too @param {EventState[]} machine of the face that is shown */
  setEvents(mine, machine) {
    this.events.mine = mine;
    this.events.machine = machine;
    this.#arrange();
  }

  /** Events of another lane (`options.lanes`). @param {string} lane @param {EventState[]} events */
  setLane(lane, events) {
    this.events[lane] = events;
    this.#arrange();
  }

  /** Show the range between in and out. @param {TimeWindow | null} range */
  setRange(range) {
    this.range = range;
    this.redraw();
  }

  /** Show marks under the ruler. @param {import("../lib/marks.js").Mark[]} marks @param {(id: string) => void} press one was pressed */
  setMarks(marks, press) {
    this.pins.set(marks, press);
    this.redraw();
  }

  /** Open or close a group. @param {string} group */
  fold(group) {
    if (!this.closed.delete(group)) this.closed.add(group);
    remember(CLOSED, [...this.closed]);
    this.#arrange();
  }

  /** @param {string} code */
  chooseCode(code) {
    this.#isOurChoice = false;
    if (code === this.code) return;
    this.code = code;
    this.curve.forget();
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

  /** @param {TimeWindow} window */
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

  /** @param {{onset_us: number, offset_us: number}} event */
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
    const { window, width, options, parts } = this;
    this.curve.place(window, width);
    this.#gates = this.pyramid.gates(window, width);
    this.canvas.draw({ width, window, items: this.items, scrolled: parts.scroll.scrollTop, height: Math.min(parts.scroll.clientHeight, heightOf(this.items)),
      lanes: this.lanes, indexes: this.indexes, selected: this.selected, preview: this.#preview, editable: this.editable, code: this.code,
      pyramid: this.blind ? null : this.pyramid, spans: this.overview.spans, durationUs: options.durationUs, range: this.range });
    this.overview.draw(width, this.#marks, this.range);
    drawRuler(parts.ruler, window, width, this.range);
    this.pins.draw(window, width);
    drawHoles(parts.holes, this.code && !this.blind ? holes(this.#gates, options.catalogue.get(this.code)) : [], window, width, CURVE_HEIGHT);
    this.voice?.draw(window, width);
    this.meaning?.draw(window, width);
    this.#placeCursor();
  }

  #placeCursor() {
    const x = toX(this.window, this.#timeUs, this.width);
    this.parts.cursor.style.setProperty("transform", `translate3d(${x.toFixed(2)}px, 0, 0)`);
    const why = this.code ? this.why(this.code, this.#timeUs) : "";
    if (this.parts.why.textContent !== why) this.parts.why.textContent = why;
    this.reading.at(this.#timeUs);
  }

  /** Why a unit is not scored at a time; empty where it is. @param {string} code @param {number} us */
  why(code, us) {
    const reasons = reasonsAt(this.#gates, this.options.catalogue.get(code), us);
    return sayWhy(reasons, this.options.reasons, reasons.length > 0 && this.pyramid.valueAt(code, us) !== null);
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

  /** Ask for what the window lacks. @param {boolean} [now] */
  #want(now = false) {
    const code = this.code && this.dataCodes.includes(this.code) ? this.code : null;
    if (!code) this.curve.clear();
    if (!this.dataCodes.length) return;
    const { scrollTop, clientHeight } = this.parts.scroll;
    const rows = this.items.flatMap((item) => (item.kind === "row" && item.top + item.height > scrollTop && item.top < scrollTop + clientHeight ? [item.code] : []));
    this.loader.want({ window: this.window, width: this.width, code, rows }, now);
  }

  #arrange() {
    const { catalogue } = this.options;
    const shown = (/** @type {EventState[] | undefined} */ events) => (this.filter.rejected ? events ?? [] : (events ?? []).filter((event) => !event.deleted));
    const own = this.lanes.filter(({ kind }) => kind === "own" || (kind === "machine" && this.options.alone)).flatMap(({ key }) => this.events[key] ?? []);
    const rest = this.lanes.flatMap(({ key }) => this.events[key] ?? []);
    this.#marks = own.length || !rest.length ? own : rest;
    this.indexes = Object.fromEntries(this.lanes.map(({ key }) => [key, new EventIndex(shown(this.events[key]))]));
    this.rows = chooseRows(this.filter, catalogue, { data: this.dataCodes, own, machine: rest });
    const least = matchMedia("(pointer: coarse)").matches ? 44 : 0;
    const items = arrange(this.rows, catalogue, { lanes: this.lanes, indexes: this.indexes, closed: this.closed, grouped: this.filter.order === "facs", least });
    const key = (/** @type {import("../lib/rows.js").Item[]} */ list) => list.map((item) => `${item.kind === "row" ? item.code : `${item.group}${item.open}${item.codes.length}`}:${item.height}`).join();
    if (key(items) !== key(this.items)) {
      this.items = items;
      this.labels.draw(items, this.code);
      this.parts.rows.style.setProperty("height", `${heightOf(items)}px`);
      this.#want();
    }
    this.parts.empty.hidden = items.length > 0;
    this.parts.emptyText.textContent = items.length ? "" : sayEmpty(this.filter, { blind: this.blind });
    if (this.#isOurChoice && this.rows.length) {
      const used = new Set(rest.filter((event) => !event.deleted).map(({ code }) => code));
      this.chooseCode(this.rows.find((code) => used.has(code)) ?? this.rows[0]);
      this.#isOurChoice = true;
    }
    this.redraw();
  }

  /** @param {any} curve @param {TimeWindow} drawn @param {number} width */
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

  /** Scroll to a row, and open its group for that. @param {string} code */
  #scrollTo(code) {
    const { group } = this.options.catalogue.get(code);
    if (this.closed.has(group) && this.rows.includes(code)) this.fold(group);
    const row = this.items.find((item) => item.kind === "row" && item.code === code);
    const { scroll } = this.parts;
    if (!row) return;
    if (row.top < scroll.scrollTop) scroll.scrollTop = row.top - row.height;
    else if (row.top + row.height > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = row.top + 2 * row.height - scroll.clientHeight;
  }

  /** @returns {import("./timeline-pointer.js").Actions} */
  #actions() {
    const { options } = this;
    return {
      window: () => this.window,
      width: () => this.width,
      scrub: (us) => { this.tip.hide(); options.onScrub(Math.min(Math.max(us, 0), options.durationUs)); },
      hit: (x, y) => this.hit(x, y),
      choose: ({ event, lane }) => options.onChoose(event, lane === "machine", lane),
      chooseRow: (y) => { const item = itemAt(this.items, y); if (item?.kind === "row") this.chooseCode(item.code); },
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
      hover: (x, y, event) => this.tip.show(x, y, event),
      leave: () => this.tip.hide(),
    };
  }

  /** @param {number} x @param {number} y within the rows */
  hit(x, y) {
    const { width, window, items, lanes, indexes } = this;
    return hit({ x, y, width, window, items, lanes, indexes, selected: this.editable ? this.selected : null });
  }
}
