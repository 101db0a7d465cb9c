/**
 * A recording's markers or speakers as one person has them on their page: changed at once, undone without a limit, and stored as numbered
 * versions. Where somebody else stored meanwhile, both lists stay, and the person decides.
 */
import { Saver } from "./transcript-saver.js";
import { UndoStack } from "./undo.js";

/**
 * @typedef {{number: number, author: string, at: string, count: number, said?: number}} Version
 * @typedef {Record<string, number | "nobody">} Faces which face a speaker is, by name; who is not in it: nothing was said
 * @typedef {{revision: number, marks: any[], faces?: Faces, revisions: Version[], heard?: any[], asked?: any}} Told
 */

/** Tells of `change` (the list, or what is known of its storing) and `stored`. */
export class MarksList extends EventTarget {
  /** @type {any[]} in order of time */ marks = [];
  /** @type {Faces | undefined} of speakers */ faces;
  /** @type {Version[]} the newest first */ versions = [];
  /** @type {any[]} what to begin with */ heard = [];
  /** @type {any} what the list is asked with besides */ asked = null;
  /** @type {Saver | null} null until the list is here */ saver = null;
  /** @type {Told | null} what somebody else stored meanwhile */ theirs = null;
  /** Why the list is not here. */ problem = "";
  /** @typedef {{marks: any[], faces: Faces | undefined}} State */
  /** @type {UndoStack<{before: State, after: State}>} */ #stack = new UndoStack();
  /** @type {Promise<void> | null} */ #loading = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /**
   * @param {{get: (revision?: number) => Promise<any>, post: (marks: any[], expected: number, faces: Faces | undefined) => Promise<Told>, pauseMs?: number}} server
   *   `pauseMs`: how long to wait for more before a change is stored
   */
  constructor({ get, post, pauseMs = 0 }) {
    super();
    this.get = get;
    this.post = post;
    this.pauseMs = pauseMs;
  }

  /** Ask for the list, unless it is here. */
  load() {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async #load() {
    try {
      const told = await this.get();
      this.heard = told.heard ?? [];
      this.asked = told.asked ?? null;
      this.problem = "";
      this.#take(told);
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      this.#loading = null;
    }
    this.#tell("change");
  }

  /** @param {Told} told */
  #take(told) {
    this.marks = told.marks;
    this.faces = told.faces;
    this.versions = told.revisions;
    this.theirs = null;
    this.#stack = new UndoStack();
    const saver = new Saver({ revision: told.revision, rows: () => this.marks, why: () => "", send: (marks, expected) => this.#send(marks, expected) });
    saver.addEventListener("state", () => { if (this.saver === saver) this.#tell("change"); });
    this.saver = saver;
  }

  /** @param {any[]} marks @param {number} expected */
  async #send(marks, expected) {
    try {
      const told = await this.post(marks, expected, this.faces);
      this.versions = told.revisions;
      this.theirs = null;
      this.#tell("stored");
      return told;
    } catch (error) {
      const { code = "", body = null } = /** @type {any} */ (error);
      if (code === "changed") this.theirs = body;
      throw error;
    }
  }

  get unsaved() {
    return this.saver?.unsaved ?? false;
  }

  get canUndo() {
    return this.#stack.canUndo;
  }

  get canRedo() {
    return this.#stack.canRedo;
  }

  /** A new list. @param {any[]} marks @param {Faces} [faces] as they were when left out */
  apply(marks, faces = this.faces) {
    const after = { marks, faces };
    this.#stack.push({ before: { marks: this.marks, faces: this.faces }, after });
    this.#set(after);
  }

  undo() {
    const step = this.#stack.undo();
    if (step) this.#set(step.before);
  }

  redo() {
    const step = this.#stack.redo();
    if (step) this.#set(step.after);
  }

  /** @param {State} state */
  #set({ marks, faces }) {
    this.marks = marks;
    this.faces = faces;
    this.saver?.touch();
    clearTimeout(this.#timer);
    if (this.pauseMs) this.#timer = setTimeout(() => this.saver?.save(), this.pauseMs);
    else this.saver?.save();
    this.#tell("change");
  }

  /** An earlier version as the newest; it can be undone as everything. @param {number} number */
  async restore(number) {
    const { marks, faces } = await this.get(number);
    this.apply(marks, faces);
  }

  /** Leave one's own list and go on with what somebody else stored. */
  takeTheirs() {
    if (!this.theirs) return;
    this.#take(this.theirs);
    this.#tell("change");
    this.#tell("stored");
  }

  /** @param {string} name */
  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}
