/** Two codings and the result on one timeline: a row for each code, in it a lane for A, for B, and for the result. */
import { element } from "../lib/dom.js";
import { formatTime } from "../lib/time.js";

/**
 * @typedef {object} Said what an event says
 * @property {string} event its id
 * @property {string} facs such as L12C
 * @property {string} code
 * @property {string} side
 * @property {string} intensity
 * @property {number} onset_us
 * @property {number} apex_us
 * @property {number} offset_us
 * @property {number} face
 *
 * @typedef {{a: Said[], b: Said[], result: Said[]}} Lanes
 * @typedef {object} Disputed
 * @property {number} number
 * @property {number} from_us
 * @property {number} to_us
 * @property {number} face
 * @property {Said | null} a
 * @property {Said | null} b
 * @property {string} taken
 *
 * @typedef {object} Options
 * @property {number} durationUs
 * @property {import("../lib/facs.js").Catalogue} catalogue
 * @property {string[]} coders
 * @property {(us: number) => void} onSeek
 * @property {(event: Said) => void} onChoose
 * @property {(number: number) => void} onStep
 */

const LANES = /** @type {const} */ (["a", "b", "result"]);
const SHORT = { a: "A", b: "B", result: "=" };
const PAD_US = 1_500_000;
const LEAST_US = 500_000;
const TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600].map((s) => s * 1e6);

export class SettleLanes {
  /** @type {{fromUs: number, toUs: number}} */ window;
  /** @type {Lanes} */ #lanes = { a: [], b: [], result: [] };
  /** @type {Disputed[]} */ #steps = [];
  /** @type {Disputed | null} */ #step = null;
  #us = 0;

  /** @param {HTMLElement} box @param {Options} options */
  constructor(box, options) {
    this.options = options;
    this.window = { fromUs: 0, toUs: options.durationUs };
    this.overview = element("div", { class: "lanes__overview", "aria-label": "Disagreements in the whole recording", role: "group" });
    this.ruler = element("div", { class: "lanes__ruler", "aria-hidden": "true" });
    this.rows = element("div", { class: "lanes__rows" });
    this.cursor = element("div", { class: "lanes__cursor", "aria-hidden": "true" });
    this.area = element("div", { class: "lanes__area" }, this.ruler, this.rows, element("div", { class: "lanes__over", "aria-hidden": "true" }, this.cursor));
    box.append(this.overview, this.area);
    this.#scrub();
  }

  /** @param {Lanes} lanes @param {Disputed[]} steps @param {Disputed | null} step */
  show(lanes, steps, step) {
    this.#lanes = lanes;
    this.#steps = steps;
    this.#step = step;
    this.draw();
  }

  /** Show a stretch of the recording. @param {number} fromUs @param {number} toUs */
  look(fromUs, toUs) {
    const { durationUs } = this.options;
    const wide = Math.min(Math.max(toUs - fromUs, LEAST_US), durationUs);
    const start = Math.min(Math.max((fromUs + toUs - wide) / 2, 0), durationUs - wide);
    this.window = { fromUs: start, toUs: start + wide };
    this.draw();
  }

  lookAtStep() {
    if (this.#step) this.look(this.#step.from_us - PAD_US, this.#step.to_us + PAD_US);
  }

  lookAtAll() {
    this.look(0, this.options.durationUs);
  }

  /** @param {number} factor below 1: closer */
  zoom(factor) {
    const { fromUs, toUs } = this.window;
    const middle = this.#us >= fromUs && this.#us <= toUs ? this.#us : (fromUs + toUs) / 2;
    const half = ((toUs - fromUs) * factor) / 2;
    this.look(middle - half, middle + half);
  }

  /** @param {number} us */
  tick(us) {
    this.#us = us;
    const share = this.#share(us);
    this.cursor.hidden = share < 0 || share > 1;
    this.cursor.style.setProperty("left", `${share * 100}%`);
  }

  /** @param {number} us */
  #share(us) {
    return (us - this.window.fromUs) / (this.window.toUs - this.window.fromUs);
  }

  draw() {
    const { fromUs, toUs } = this.window;
    const face = this.#step?.face ?? 0;
    const inside = (/** @type {Said} */ said) => said.face === face && said.offset_us >= fromUs && said.onset_us <= toUs;
    const disputed = new Set([this.#step?.a?.code, this.#step?.b?.code].filter(Boolean));
    const order = this.options.catalogue.order;
    const codes = [...new Set(LANES.flatMap((lane) => this.#lanes[lane].filter(inside).map((said) => said.code)))]
      .sort((one, two) => Number(disputed.has(two)) - Number(disputed.has(one)) || (order.get(one) ?? 0) - (order.get(two) ?? 0));
    this.rows.replaceChildren(...codes.map((code) => this.#row(code, inside, disputed.has(code))));
    if (!codes.length) this.rows.append(element("p", { class: "quiet small" }, "Nobody coded anything in this stretch."));
    this.#drawRuler();
    this.#drawOverview();
    this.tick(this.#us);
  }

  /** @param {string} code @param {(said: Said) => boolean} inside @param {boolean} disputed */
  #row(code, inside, disputed) {
    const { group, name } = this.options.catalogue.get(code);
    const lanes = LANES.map((lane) => element("div", { class: "lanes__lane", "data-lane": lane },
      element("span", { class: "lanes__who", "aria-hidden": "true" }, SHORT[lane]),
      element("div", { class: "lanes__plot" }, ...this.#lanes[lane].filter((said) => said.code === code && inside(said)).map((said) => this.#bar(said, lane)))));
    return element("div", { class: "lanes__row", "data-region": group, "data-disputed": disputed },
      element("span", { class: "lanes__label", title: name }, element("span", { class: "au", "data-region": group }, code)), element("div", {}, ...lanes));
  }

  /** @param {Said} said @param {"a" | "b" | "result"} lane */
  #bar(said, lane) {
    const who = lane === "result" ? "Result" : this.options.coders[lane === "a" ? 0 : 1];
    const disputed = [this.#step?.a?.event, this.#step?.b?.event].includes(said.event);
    const bar = element("button", { type: "button", class: "lanes__bar", "data-lane": lane, "data-disputed": disputed, title: `${who}: ${said.facs}`,
      "aria-label": `${who}: ${said.facs}, ${formatTime(said.onset_us)} to ${formatTime(said.offset_us)}` }, said.facs);
    const left = Math.max(this.#share(said.onset_us), 0);
    const right = Math.min(this.#share(said.offset_us), 1);
    bar.style.setProperty("left", `${left * 100}%`);
    bar.style.setProperty("width", `max(${(right - left) * 100}%, 4px)`);
    bar.addEventListener("click", () => this.options.onChoose(said));
    return bar;
  }

  #drawRuler() {
    const { fromUs, toUs } = this.window;
    const wide = this.ruler.clientWidth || 600;
    const step = TICKS.find((tick) => (tick / (toUs - fromUs)) * wide >= 84) ?? TICKS[TICKS.length - 1];
    const ticks = [];
    for (let us = Math.ceil(fromUs / step) * step; us < toUs - step / 3; us += step) {
      const tick = element("span", { class: "lanes__tick" }, formatTime(us).replace(/^00:/, "").replace(/\.000$/, ""));
      tick.style.setProperty("left", `${this.#share(us) * 100}%`);
      ticks.push(tick);
    }
    this.ruler.replaceChildren(...ticks);
  }

  #drawOverview() {
    const { durationUs } = this.options;
    const view = element("span", { class: "lanes__view", "aria-hidden": "true" });
    view.style.setProperty("left", `${(this.window.fromUs / durationUs) * 100}%`);
    view.style.setProperty("width", `${((this.window.toUs - this.window.fromUs) / durationUs) * 100}%`);
    this.overview.replaceChildren(view, ...this.#steps.map((step) => {
      const dot = element("button", { type: "button", class: "lanes__dot", tabindex: "-1", "data-decided": step.taken !== "", "aria-current": step === this.#step ? "step" : null,
        title: `Disagreement ${step.number}${step.taken ? ", decided" : ""}`, "aria-label": `Disagreement ${step.number}${step.taken ? ", decided" : ""}` });
      dot.style.setProperty("left", `${(step.from_us / durationUs) * 100}%`);
      dot.addEventListener("click", () => this.options.onStep(step.number));
      return dot;
    }));
  }

  #scrub() {
    const seek = (/** @type {PointerEvent} */ event) => {
      const box = this.ruler.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      this.options.onSeek(this.window.fromUs + share * (this.window.toUs - this.window.fromUs));
    };
    this.area.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || (event.target instanceof Element && event.target.closest("button"))) return;
      this.area.setPointerCapture(event.pointerId);
      seek(event);
    });
    this.area.addEventListener("pointermove", (event) => { if (this.area.hasPointerCapture(event.pointerId)) seek(event); });
    new ResizeObserver(() => this.#drawRuler()).observe(this.ruler);
  }
}
