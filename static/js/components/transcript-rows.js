/** Units as rows of fields. A row is made once and follows its unit; what a person types in is told, never read back from the page. */
import { element } from "../lib/dom.js";
import { icon } from "../lib/icon.js";
import { formatTime, parseTime } from "../lib/time.js";

/**
 * @typedef {import("../lib/transcript.js").Unit} Unit
 * @typedef {object} Row
 * @property {HTMLLIElement} node
 * @property {HTMLInputElement} [start]
 * @property {HTMLInputElement} [end]
 * @property {HTMLInputElement} speaker
 * @property {HTMLTextAreaElement} text
 * @property {HTMLParagraphElement} problem
 * @property {Unit | null} shown the unit whose values the fields have; null once somebody typed
 */

const NO_TIME = "Write a time as minutes, seconds and thousandths, such as 3:12.480, or leave it empty.";
const BY_ITSELF = CSS.supports("field-sizing", "content");
const LETTERS_A_LINE = 60;

/** Tells of `field` (a field got another value) and `unreadable` (a time that is none, or no more). */
export class Rows extends EventTarget {
  /** @type {Map<number, Row>} */ #rows = new Map();
  /** Times that cannot be read: key → field. @type {Map<string, number>} */ unreadable = new Map();

  /** @param {HTMLOListElement} list @param {{timed: boolean, playable: boolean}} options */
  constructor(list, { timed, playable }) {
    super();
    this.list = list;
    this.timed = timed;
    this.playable = playable;
  }

  /** Show these units, in this order. @param {Unit[]} units */
  show(units) {
    const there = new Set(units.map(({ key }) => key));
    for (const [key, { node }] of this.#rows) {
      if (there.has(key)) continue;
      node.remove();
      this.#rows.delete(key);
      for (const field of ["start", "end"]) this.unreadable.delete(`${key} ${field}`);
    }
    /** @type {Element | null} */ let place = this.list.firstElementChild;
    for (const unit of units) {
      const row = this.#rows.get(unit.key) ?? this.#make(unit);
      if (row.node === place) place = place.nextElementSibling;
      else this.list.insertBefore(row.node, place);
      this.#fill(row, unit);
    }
  }

  /** @param {number} key */
  row(key) {
    return this.#rows.get(key);
  }

  /** The unit that an element is part of. @param {Element | null} node @returns {number | null} its key */
  keyOf(node) {
    const row = node?.closest("li[data-key]");
    return row instanceof HTMLElement && this.list.contains(row) ? Number(row.dataset.key) : null;
  }

  /** Put the caret into a unit's text. @param {number} key @param {number} caret */
  focus(key, caret) {
    const row = this.#rows.get(key);
    if (!row) return;
    row.text.focus({ preventScroll: true });
    row.text.setSelectionRange(caret, caret);
    row.node.scrollIntoView({ block: "nearest" });
  }

  /** Say what is wrong beside the units that it is about. @param {import("../lib/transcript.js").Problem[]} problems @param {Unit[]} units */
  complain(problems, units) {
    const about = Map.groupBy(problems, ({ index }) => units[index]?.key);
    for (const [key, row] of this.#rows) {
      const own = about.get(key) ?? [];
      const said = [...own.map(({ message }) => message), ...(["start", "end"].some((field) => this.unreadable.has(`${key} ${field}`)) ? [NO_TIME] : [])].join(" ");
      if (row.problem.textContent === said) continue;
      row.problem.textContent = said;
      row.problem.hidden = !said;
      for (const field of /** @type {const} */ (["start", "end", "speaker", "text"])) {
        const wrong = own.some((one) => one.field === field) || this.unreadable.has(`${key} ${field}`);
        if (wrong) row[field]?.setAttribute("aria-invalid", "true");
        else row[field]?.removeAttribute("aria-invalid");
      }
    }
  }

  /** Mark the unit that is being said. @param {number | null} key */
  mark(key) {
    const marked = this.list.querySelector("li[aria-current]");
    const row = key === null ? undefined : this.#rows.get(key);
    if (marked === (row?.node ?? null)) return null;
    marked?.removeAttribute("aria-current");
    row?.node.setAttribute("aria-current", "true");
    return row?.node ?? null;
  }

  /** Show which unit the buttons are about. @param {number | null} key */
  choose(key) {
    for (const node of this.list.querySelectorAll("li.is-chosen")) node.classList.remove("is-chosen");
    if (key !== null) this.#rows.get(key)?.node.classList.add("is-chosen");
  }

  /** @param {Unit} unit @returns {Row} */
  #make(unit) {
    const { key } = unit;
    const id = `problem-${key}`;
    const speaker = element("input", { class: "unit__speaker", list: "speaker-names", placeholder: "Speaker", "aria-label": "Speaker", autocomplete: "off", maxlength: "120", "aria-describedby": id });
    const text = element("textarea", { class: "unit__text", rows: "1", "aria-label": "Text", spellcheck: "true", "aria-describedby": id });
    const problem = element("p", { class: "unit__problem field__error", id, hidden: true });
    const node = element("li", { class: "unit", "data-key": String(key) });
    /** @type {Row} */ const row = { node, speaker, text, problem, shown: null };
    const head = element("div", { class: "unit__head" });
    if (this.timed) {
      if (this.playable) head.append(element("button", { class: "button button--quiet button--icon unit__play", type: "button", "aria-label": "Play from here", title: "Play from here" }, icon("play", "s")));
      row.start = this.#time("start", "Start", key, id);
      row.end = this.#time("end", "End", key, id);
      head.append(row.start, element("span", { class: "quiet", "aria-hidden": "true" }, "–"), row.end);
    }
    head.append(speaker);
    node.append(head, text, problem);
    speaker.addEventListener("input", () => this.#tell(key, { speaker: speaker.value }, "speaker"));
    text.addEventListener("input", () => {
      this.#size(text);
      this.#tell(key, { text: text.value }, "text");
    });
    this.#rows.set(key, row);
    return row;
  }

  /** @param {"start" | "end"} field @param {string} label @param {number} key @param {string} problem */
  #time(field, label, key, problem) {
    const input = element("input", { class: "unit__time", "aria-label": label, placeholder: "–", autocomplete: "off", inputmode: "decimal", "aria-describedby": problem });
    input.addEventListener("change", () => {
      if (input.value.trim() === input.dataset.said && !this.unreadable.has(`${key} ${field}`)) return; // it shows less than the time has
      const us = input.value.trim() ? parseTime(input.value) : null;
      const row = this.#rows.get(key);
      if (row) row.shown = null;
      if (Number.isNaN(us)) this.unreadable.set(`${key} ${field}`, key);
      else this.unreadable.delete(`${key} ${field}`);
      if (Number.isNaN(us)) this.dispatchEvent(new CustomEvent("unreadable"));
      else this.#tell(key, { [field]: us }, "");
    });
    return input;
  }

  /** @param {number} key @param {Partial<Unit>} values @param {string} typing */
  #tell(key, values, typing) {
    const row = this.#rows.get(key);
    if (row) row.shown = null;
    this.dispatchEvent(new CustomEvent("field", { detail: { key, values, typing: typing && `${key} ${typing}` } }));
  }

  /** @param {Row} row @param {Unit} unit */
  #fill(row, unit) {
    if (row.shown === unit) return;
    row.shown = unit;
    for (const field of /** @type {const} */ (["start", "end"])) {
      const input = row[field];
      if (!input || this.unreadable.has(`${unit.key} ${field}`)) continue;
      const us = unit[field];
      const said = us === null ? "" : formatTime(us);
      if (input.value !== said) input.value = said;
      input.dataset.said = said;
    }
    if (row.speaker.value !== unit.speaker) row.speaker.value = unit.speaker;
    if (row.text.value !== unit.text) {
      row.text.value = unit.text;
      this.#size(row.text);
    }
  }

  /** Where the style sheet cannot make a field as high as its text. @param {HTMLTextAreaElement} text */
  #size(text) {
    if (BY_ITSELF) return;
    text.rows = text.value.split("\n").reduce((lines, line) => lines + Math.max(1, Math.ceil(line.length / LETTERS_A_LINE)), 0);
  }
}
