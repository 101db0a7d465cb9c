/**
 * The transcript as it is being edited: units, what was done to them, and whether the server has it all. Typing in one field is one step of
 * undo until a pause; everything else is a step of its own.
 */
import { UndoStack } from "./undo.js";

/**
 * @typedef {import("./transcript.js").Unit} Unit
 * @typedef {import("./transcript.js").Place} Place
 * @typedef {object} Step
 * @property {Unit[]} before
 * @property {Unit[]} after
 * @property {Place | null} from where the caret was
 * @property {Place | null} to
 */

const PAUSE_MS = 2000;

/** Tells of `change`; its detail has `place`, where the caret should go, or null, and `typed`: a field shows already what it is. */
export class Draft extends EventTarget {
  /** @type {UndoStack<Step>} */ #stack = new UndoStack();
  /** @type {{step: Step, name: string, at: number} | null} typing that goes on */ #open = null;

  /** @param {Unit[]} units @param {() => number} [now] milliseconds */
  constructor(units, now = () => performance.now()) {
    super();
    this.units = units;
    this.now = now;
  }

  get canUndo() {
    return this.#stack.canUndo;
  }

  get canRedo() {
    return this.#stack.canRedo;
  }

  /** @param {number} key @returns {number} the unit's index; -1 where it is gone */
  indexOf(key) {
    return this.units.findIndex((unit) => unit.key === key);
  }

  /**
   * Change the units.
   * @param {Unit[]} after
   * @param {{from?: Place | null, to?: Place | null, typing?: string}} [how] `typing` names the field: the same one goes on with its step
   */
  apply(after, { from = null, to = null, typing = "" } = {}) {
    if (after === this.units) return;
    const goesOn = typing && this.#open?.name === typing && this.now() - this.#open.at < PAUSE_MS;
    if (goesOn && this.#open) {
      Object.assign(this.#open.step, { after, to: to ?? from });
      this.#open.at = this.now();
    } else {
      const step = { before: this.units, after, from, to: to ?? from };
      this.#stack.push(step);
      this.#open = typing ? { step, name: typing, at: this.now() } : null;
    }
    this.units = after;
    this.#tell(to, typing !== "");
  }

  undo() {
    const step = this.#stack.undo();
    if (step) this.#go(step.before, step.from);
  }

  redo() {
    const step = this.#stack.redo();
    if (step) this.#go(step.after, step.to);
  }

  /** @param {Unit[]} units @param {Place | null} place */
  #go(units, place) {
    this.#open = null;
    this.units = units;
    this.#tell(place && this.indexOf(place.key) >= 0 ? place : null, false);
  }

  /** @param {Place | null} place @param {boolean} typed */
  #tell(place, typed) {
    this.dispatchEvent(new CustomEvent("change", { detail: { place, typed } }));
  }
}
