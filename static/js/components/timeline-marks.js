/**
 * Marks along the timeline's times, such as comments: a row of buttons under the ruler, which is there only while there are marks. A mark
 * shows its first words where the next one leaves room; marks too close to stand beside each other are one button that goes from one to
 * the next.
 */
import { element } from "../lib/dom.js";
import { icon } from "../lib/icon.js";
import { bundle } from "../lib/marks.js";
import { formatTime } from "../lib/time.js";
import { toX } from "../lib/time-window.js";

const LONGEST_PX = 220;

/**
 * @typedef {import("../lib/marks.js").Mark} Mark
 * @typedef {import("../lib/time-window.js").TimeWindow} TimeWindow
 */

/** @param {Mark[]} marks @param {number} us where the playhead is @returns {Mark} the first one after it, otherwise the first */
export const nextOf = (marks, us) => marks.find((mark) => mark.us > us + 1000) ?? marks[0];

export class TimelineMarks {
  /** @type {Mark[]} */ #marks = [];
  /** @type {(id: string) => void} */ #press = () => {};
  /** what the buttons stand for now */ #said = "";

  /** @param {HTMLElement} line the whole row @param {{now: () => number}} options the playhead's time */
  constructor(line, { now }) {
    this.line = line;
    this.plot = /** @type {HTMLElement} */ (line.querySelector(".tracks__plot"));
    this.now = now;
  }

  /** @param {Mark[]} marks @param {(id: string) => void} press */
  set(marks, press) {
    this.#marks = [...marks].sort((a, b) => a.us - b.us);
    this.#press = press;
    this.line.hidden = !marks.length;
  }

  /** @param {TimeWindow} window @param {number} width */
  draw(window, width) {
    if (this.line.hidden && !this.plot.childElementCount) return;
    const least = matchMedia("(pointer: coarse)").matches ? 44 : 32;
    const bundles = bundle(this.#marks, (us) => toX(window, us, width), { width, least });
    const said = JSON.stringify(bundles.map(({ marks }) => marks.map(({ id, us, text }) => [id, us, text])));
    if (said !== this.#said) this.#build(bundles);
    this.#said = said;
    bundles.forEach(({ x }, index) => {
      const { style } = /** @type {HTMLElement} */ (this.plot.children[index]);
      style.setProperty("transform", `translate3d(${Math.min(x, width - least).toFixed(2)}px, 0, 0)`);
      style.setProperty("max-width", `${Math.max(Math.min((bundles[index + 1]?.x ?? width) - x - 2, LONGEST_PX), least)}px`);
    });
  }

  /** @param {{x: number, marks: Mark[]}[]} bundles */
  #build(bundles) {
    const focused = [...this.plot.children].indexOf(/** @type {Element} */ (document.activeElement));
    this.plot.replaceChildren(...bundles.map(({ marks }) => {
      const [first] = marks;
      const label = marks.length > 1 ? `${marks.length} comments from ${formatTime(first.us)}: go to the next` : `Comment at ${formatTime(first.us)}: ${first.text}`;
      const button = element("button", { class: "time-mark", type: "button", "aria-label": label, title: marks.map(({ text }) => text).join("\n") },
        icon("comment", "s"), element("span", { class: "time-mark__text" }, marks.length > 1 ? String(marks.length) : first.text));
      button.addEventListener("click", () => this.#press(nextOf(marks, this.now()).id));
      return button;
    }));
    const again = this.plot.children[focused];
    if (again instanceof HTMLElement) again.focus();
  }
}
