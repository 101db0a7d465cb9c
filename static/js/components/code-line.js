/** FACS notation typed at a time: `1+L2+12B` becomes events, the selected event's code, or copies of it. What is wrong is said while typing. */
import { contentOf } from "../lib/event-edits.js";
import { element } from "../lib/dom.js";
import { unit } from "../lib/facs.js";
import { lengthOf, parse, settled, sideOf, timing, unkept } from "../lib/notation.js";
import { formatTime } from "../lib/time.js";
import { lengthUs, timesAt, wholeRange } from "./event-actions.js";

/**
 * @typedef {import("../lib/facs.js").Content} Content
 * @typedef {import("../lib/notation.js").Unit} Unit
 * @typedef {"add" | "change" | "copy"} Mode
 * @typedef {{contents: Content[], errors: string[], warnings: string[], notes: string[]}} Plan
 */

/** @param {number} us */
const brief = (us) => formatTime(us).replace(/^00:/, "");
/** @param {string[]} names */
const list = (names) => (names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0] ?? "");

export class CodeLine {
  /** @type {Mode} */ mode = "add";
  /** @type {import("../lib/event-store.js").EventState | null} what is copied */ source = null;

  /** @param {import("../pages/review.js").Review} review */
  constructor(review) {
    this.review = review;
    this.part = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
    this.input = /** @type {HTMLInputElement} */ (this.part("code-text"));
    this.#listen();
    this.show();
  }

  /** Begin with a digit that was pressed. @param {string} digit @returns {boolean} */
  begin(digit) {
    this.#enter("add");
    this.input.value = digit;
    this.open();
    return true;
  }

  open() {
    this.input.focus();
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
    this.show();
  }

  /** Ask for the codes that an event is copied to. @param {import("../lib/event-store.js").EventState} event */
  copy(event) {
    this.source = event;
    this.#enter("copy");
    this.open();
  }

  /** @param {Mode} mode */
  #enter(mode) {
    this.mode = mode;
    this.show();
  }

  leave() {
    this.input.value = "";
    this.source = null;
    this.#enter("add");
    this.input.blur();
  }

  /** The event that a change or a copy is about. */
  get subject() {
    const { chosen, store } = this.review;
    const event = this.mode === "copy" ? store.events.get(this.source?.id ?? "") ?? null : chosen;
    return event && !event.deleted ? event : null;
  }

  /** What Enter would do. @param {Mode} mode @returns {Plan} */
  plan(mode) {
    const { catalogue, clock, face, standing } = this.review;
    const { units, errors } = parse(settled(this.input.value), catalogue.byCode);
    /** @type {Plan} */
    const plan = { contents: [], errors: [...errors], warnings: [], notes: [] };
    const subject = this.subject;
    if (mode !== "add" && !subject) plan.errors.push("Select an event first.");
    if (mode === "change" && units.length > 1) plan.errors.push("One event has one code; write one, or add the others.");
    if (!units.length || plan.errors.length) return plan;
    for (const one of units) {
      const content = mode === "add" ? this.#fresh(one, plan) : this.#like(one, /** @type {any} */ (subject));
      if (content) plan.contents.push(content);
    }
    const range = wholeRange(this.review);
    const first = plan.contents[0];
    const still = clock.frames.length === 1 || (range !== null && mode === "add" && clock.frames.at(range.endUs) - clock.frames.at(range.startUs) <= 1);
    const told = mode === "add" ? range && range.endUs - range.startUs : first && first.offset_us - first.onset_us;
    const said = timing(units, { still, rangeUs: told ?? null });
    plan.errors.push(...said.errors);
    plan.warnings.push(...said.warnings);
    for (const content of plan.contents) this.#meets(content, standing.filter((event) => event.face === face && !(mode === "change" && event.id === subject?.id)), plan);
    return plan;
  }

  /** A new event. @param {Unit} one @param {Plan} plan @returns {Content | null} */
  #fresh(one, plan) {
    const { catalogue, clock, face, range } = this.review;
    const whole = wholeRange(this.review);
    const onset = range?.startUs ?? clock.timeUs;
    const length = whole ? whole.endUs - whole.startUs : onset < clock.timeUs ? clock.timeUs - onset : lengthOf(one.code, lengthUs(this.review));
    const times = timesAt(this.review, onset, length);
    if (!times) {
      plan.errors = ["This moment is outside of the stretches that you code."];
      return null;
    }
    return { code: one.code, side: sideOf(one, catalogue.get(one.code)), intensity: one.intensity, ...times, face, note: this.#note(one, plan) };
  }

  /** The subject with another code. @param {Unit} one @param {import("../lib/event-store.js").EventState} subject @returns {Content} */
  #like(one, subject) {
    const { catalogue } = this.review;
    const side = one.prefix ? sideOf(one, catalogue.get(one.code)) : subject.side;
    return catalogue.fit({ ...contentOf(subject), code: one.code, side, intensity: one.intensity || subject.intensity, note: [subject.note, this.#note(one, null)].filter(Boolean).join(" · ") });
  }

  /** @param {Unit} one @param {Plan | null} plan */
  #note(one, plan) {
    const words = unkept(one);
    if (words && plan) plan.notes.push(`Events do not keep ${one.prefix} (${words}); it is written into the note of ${one.code}.`);
    return words ? `${one.prefix}: ${words}` : "";
  }

  /** Say what is on already. @param {Content} content @param {import("../lib/event-store.js").EventState[]} others @param {Plan} plan */
  #meets(content, others, plan) {
    for (const other of this.review.catalogue.exclusive(content, others)) {
      plan.warnings.push(`${content.code} and ${other.code} exclude each other, and ${unit(other)} is on from ${brief(other.onset_us)} to ${brief(other.offset_us)}.`);
    }
    const same = others.find((other) => other.code === content.code && (other.side === content.side || [other.side, content.side].includes("both")) &&
      other.onset_us < content.offset_us && content.onset_us < other.offset_us);
    if (same) plan.warnings.push(`${unit(same)} is on already from ${brief(same.onset_us)} to ${brief(same.offset_us)}; this would be a second one.`);
  }

  /** @param {Mode} mode */
  apply(mode) {
    const plan = this.plan(mode);
    if (plan.errors.length || !plan.contents.length) {
      this.show();
      if (plan.errors.length) this.part("code-said").textContent = "Nothing was added.";
      return;
    }
    const { store } = this.review;
    const subject = this.subject;
    if (mode === "change" && subject) {
      const { code, side, intensity, note } = plan.contents[0];
      store.change(subject.id, { code, side, intensity, note });
      return this.leave();
    }
    const made = store.together(() => plan.contents.map((content) => store.create(content)));
    if (mode === "add" && this.review.range) this.review.setRange(null);
    this.leave();
    this.review.select(made[made.length - 1].id, { reveal: false });
  }

  /** @param {Plan} plan */
  #sentence(plan) {
    const subject = this.subject;
    const names = plan.contents.map((content) => unit(content));
    if (this.mode === "change" && subject) return `Enter makes ${unit(subject)} into ${names[0]}.`;
    const ends = new Map(plan.contents.map((content) => [`from ${brief(content.onset_us)} to ${brief(content.offset_us)}`, content]));
    const groups = [...ends.keys()].map((when) => `${list(plan.contents.filter((content) => `from ${brief(content.onset_us)} to ${brief(content.offset_us)}` === when).map(unit))} ${when}`);
    return `Enter ${this.mode === "copy" && subject ? `copies ${unit(subject)} to` : "adds"} ${groups.join("; ")}.`;
  }

  /** Show what is typed, what is wrong with it, and what Enter does. */
  show() {
    const typed = this.input.value.trim() !== "";
    const subject = this.subject;
    const plan = this.plan(this.mode);
    this.part("code-mode-add").setAttribute("aria-pressed", String(this.mode === "add"));
    this.part("code-mode-change").setAttribute("aria-pressed", String(this.mode === "change"));
    this.part("code-mode-change").disabled = this.mode !== "change" && (!this.review.chosen || this.review.chosen.deleted);
    this.part("code-label").textContent = this.mode === "copy" && subject ? `Copy ${unit(subject)} to` : this.mode === "change" && subject ? `Change ${unit(subject)} to` : "FACS codes at the playhead";
    this.part("code-enter").disabled = !plan.contents.length || plan.errors.length > 0;
    const faults = [...plan.errors.map((text) => ["error", text]), ...plan.warnings.map((text) => ["warning", text]), ...plan.notes.map((text) => ["note", text])];
    const key = faults.flat().join("|");
    if (this.part("code-faults").dataset.key !== key) {
      this.part("code-faults").dataset.key = key;
      this.part("code-faults").replaceChildren(...faults.map(([kind, text]) => element("li", { "data-kind": kind }, text)));
    }
    this.part("code-said").textContent = typed && plan.contents.length && !plan.errors.length ? this.#sentence(plan) : "";
    this.input.setAttribute("aria-invalid", String(typed && plan.errors.length > 0));
    this.part("code-form").toggleAttribute("data-typed", typed || this.mode !== "add");
  }

  #listen() {
    const { input, review } = this;
    input.addEventListener("input", () => this.show());
    this.part("code-form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.apply(this.mode);
    });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter" && event.shiftKey) {
        event.preventDefault();
        this.#enter("change");
        this.apply("change");
      } else if (event.key === "Escape") {
        event.preventDefault();
        this.leave();
      }
    });
    this.part("code-open").addEventListener("click", () => this.open());
    for (const mode of /** @type {Mode[]} */ (["add", "change"])) this.part(`code-mode-${mode}`).addEventListener("click", () => {
      this.#enter(mode);
      this.open();
    });
    const length = /** @type {HTMLInputElement} */ (this.part("code-length"));
    length.value = String(lengthUs(review) / 1e6);
    length.addEventListener("change", () => {
      const ms = Math.round(Number(length.value.replace(",", ".")) * 1000);
      if (ms >= 20 && ms <= 60_000) review.preferences.set("length_ms", ms);
      length.value = String(lengthUs(review) / 1e6);
      this.show();
    });
    for (const type of ["tick", "select", "refresh", "range", "face"]) review.addEventListener(type, () => { if (this.input.value || type !== "tick") this.show(); });
  }
}

/** @param {import("../pages/review.js").Review} review */
export function installCodeLine(review) {
  if (review.data.layer.editable) review.codeLine = new CodeLine(review);
}
