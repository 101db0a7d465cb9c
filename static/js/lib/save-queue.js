/**
 * Changes on their way to the server, one after another. What cannot be delivered is kept and tried again; what the server refuses
 * is handed back.
 */

/**
 * @typedef {object} Job
 * @property {() => Promise<void>} send throws an HttpError when it did not work
 * @property {(error: Error) => void} refused called when the server will never take it
 * @typedef {"saved" | "saving" | "offline" | "signed-out"} State
 */

const DELAYS_MS = [1000, 2000, 5000, 10_000, 30_000];

/** Whether the same request may work later. @param {any} error */
const isPassing = (error) => error?.name === "HttpError" && (error.status === 0 || error.status === 429 || error.status >= 500);

export class SaveQueue {
  /** @type {Job[]} */ #jobs = [];
  /** @type {Set<(state: State, count: number) => void>} */ #listeners = new Set();
  /** @type {State} */ state = "saved";
  #running = false;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  get count() {
    return this.#jobs.length;
  }

  /** @param {Job} job */
  add(job) {
    this.#jobs.push(job);
    if (this.state === "saved") this.#enter("saving");
    else this.#tell();
    if (this.state === "saving") this.#run();
  }

  /** Try again now: the person asked, or the network came back. */
  retry() {
    if (!this.#jobs.length || this.#running) return;
    clearTimeout(this.#timer);
    this.#enter("saving");
    this.#run();
  }

  /** Call a function now and whenever the state or the number of waiting changes is another. @param {(state: State, count: number) => void} listener */
  onChange(listener) {
    this.#listeners.add(listener);
    listener(this.state, this.count);
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#jobs.length && this.state === "saving") await this.#next(this.#jobs[0]);
    } finally {
      this.#running = false;
    }
    if (!this.#jobs.length) this.#enter("saved");
  }

  /** @param {Job} job */
  async #next(job) {
    try {
      await job.send();
    } catch (error) {
      if (isPassing(error)) return this.#later();
      if (/** @type {any} */ (error)?.status === 401) return this.#enter("signed-out");
      this.#jobs.shift();
      job.refused(/** @type {Error} */ (error));
      return this.#tell();
    }
    this.#failures = 0;
    this.#jobs.shift();
    return this.#tell();
  }

  #later() {
    const delay = DELAYS_MS[Math.min(this.#failures, DELAYS_MS.length - 1)];
    this.#failures += 1;
    this.#enter("offline");
    this.#timer = setTimeout(() => this.retry(), delay);
  }

  /** @param {State} state */
  #enter(state) {
    this.state = state;
    this.#tell();
  }

  #tell() {
    for (const listener of this.#listeners) listener(this.state, this.count);
  }
}
