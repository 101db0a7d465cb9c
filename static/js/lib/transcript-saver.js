/**
 * Takes a draft to the server: in a pause of typing, when it has waited long enough, or at once. What the server did not take stays on the
 * page, and the person is told.
 */

/**
 * @typedef {"saved" | "unsaved" | "saving" | "waiting" | "signed-out" | "invalid" | "changed" | "refused"} State
 * @typedef {(rows: any[], expected: number, pause: boolean) => Promise<{revision: number}>} Send throws an HttpError when it did not work
 */

export const IDLE_MS = 10_000;
export const LONGEST_MS = 60_000;
const AGAIN_MS = [3000, 10_000, 30_000];

/** Tells of `state`. */
export class Saver extends EventTarget {
  /** @type {State} */ state = "saved";
  /** A sentence where something is wrong. */ message = "";
  /** What the server found wrong, unit by unit. @type {any[]} */ problems = [];
  /** Number of the revision that somebody else saved meanwhile. @type {number | undefined} */ theirs;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #dirtySince = 0;
  #version = 0;
  #stored = 0;
  #failures = 0;
  /** @type {Promise<void> | null} */ #running = null;

  /**
   * @param {{revision: number, rows: () => any[], why: () => string, send: Send, now?: () => number}} options
   *   `why` says why the draft cannot be stored as it is; empty where it can
   */
  constructor({ revision, rows, why, send, now = () => Date.now() }) {
    super();
    this.revision = revision;
    this.rows = rows;
    this.why = why;
    this.send = send;
    this.now = now;
  }

  get unsaved() {
    return this.#version !== this.#stored;
  }

  /** Something changed. */
  touch() {
    if (!this.unsaved) this.#dirtySince = this.now();
    this.#version += 1;
    if (this.state === "changed") return; // the person decides first
    if (this.state !== "saving") this.#enter("unsaved");
    this.#later(Math.max(0, Math.min(IDLE_MS, this.#dirtySince + LONGEST_MS - this.now())));
  }

  /**
   * Store now.
   * @param {{pause?: boolean, over?: boolean}} [how] `pause`: more is likely to come; `over`: on top of what somebody else saved meanwhile
   * @returns {Promise<boolean>} whether everything is stored
   */
  async save({ pause = false, over = false } = {}) {
    clearTimeout(this.#timer);
    if (this.#running) await this.#running;
    if (!this.unsaved) return true;
    if (this.state === "changed" && !over) return false;
    const why = this.why();
    if (why) {
      this.#enter("invalid", why);
      return false;
    }
    this.#running = this.#try(pause);
    await this.#running;
    this.#running = null;
    if (this.state === "unsaved") this.#later(IDLE_MS);
    return !this.unsaved;
  }

  /** @param {boolean} pause */
  async #try(pause) {
    const version = this.#version;
    this.#enter("saving");
    try {
      const { revision } = await this.send(this.rows(), this.revision, pause);
      this.revision = revision;
      this.#stored = version;
      this.#failures = 0;
      this.problems = [];
      this.#dirtySince = this.now();
      this.#enter(this.unsaved ? "unsaved" : "saved");
    } catch (error) {
      this.#failed(/** @type {any} */ (error));
    }
  }

  /** @param {any} error */
  #failed(error) {
    const { status = 0, code = "", message = "", body = null } = error ?? {};
    if (code === "changed") {
      this.#enter("changed", message);
      this.theirs = body.revision;
    } else if (status === 401) this.#enter("signed-out", message);
    else if (status === 422) {
      this.problems = body?.problems ?? [];
      this.#enter("invalid", message);
    } else if (error?.name === "HttpError" && (status === 0 || status === 429 || status >= 500)) {
      this.#enter("waiting", message);
      this.#later(AGAIN_MS[Math.min(this.#failures, AGAIN_MS.length - 1)]);
      this.#failures += 1;
    } else this.#enter("refused", message);
  }

  /** Somebody else saved: store this text as the newest; theirs stays in the history. */
  overwrite() {
    if (this.theirs !== undefined) this.revision = this.theirs;
    return this.save({ over: true });
  }

  /** @param {number} ms */
  #later(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save({ pause: true }), ms);
  }

  /** @param {State} state @param {string} [message] */
  #enter(state, message = "") {
    this.state = state;
    this.message = message;
    this.dispatchEvent(new CustomEvent("state"));
  }
}
