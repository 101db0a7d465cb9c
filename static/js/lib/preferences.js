/**
 * How a person has set up the workbench. It is kept in the browser at once and in their account as soon as the server answers, so
 * that it follows them to another machine and survives a dead server.
 * @typedef {{keys?: Record<string, string>, reaction?: {ms: number, spread_ms?: number, flashes?: number, at?: string}, length_ms?: number,
 *   live?: {mode: "hold" | "tap", codes: string[]}}} Values
 */

const RETRY_MS = 15_000;

export class Preferences extends EventTarget {
  /** @type {Set<string>} sections that the account does not have yet */ #unsent = new Set();
  #sending = false;

  /**
   * @param {{owner: string, values: Values}} known what the page was told
   * @param {{send: (sections: object) => Promise<any>, storage?: Storage, retryMs?: number}} options
   */
  constructor(known, { send, storage = localStorage, retryMs = RETRY_MS }) {
    super();
    this.send = send;
    this.storage = storage;
    this.retryMs = retryMs;
    this.place = `workbench.${known.owner}`;
    /** @type {Values} */
    this.values = { ...known.values };
    const kept = this.#kept();
    for (const name of kept.unsent) {
      /** @type {any} */ (this.values)[name] = kept.values[name];
      this.#unsent.add(name);
    }
    if (this.#unsent.size) this.#deliver();
  }

  /** @returns {{values: any, unsent: string[]}} */
  #kept() {
    try {
      const kept = JSON.parse(this.storage.getItem(this.place) ?? "");
      return { values: kept.values ?? {}, unsent: Array.isArray(kept.unsent) ? kept.unsent : [] };
    } catch {
      return { values: {}, unsent: [] };
    }
  }

  /** Not in the account yet. */
  get unsent() {
    return this.#unsent.size > 0;
  }

  /** @template {keyof Values} T @param {T} name @param {Values[T]} value undefined: as the page offers it */
  set(name, value) {
    this.values[name] = value;
    this.#unsent.add(name);
    this.#keep();
    this.dispatchEvent(new CustomEvent("change", { detail: name }));
    this.#deliver();
  }

  #keep() {
    try {
      this.storage.setItem(this.place, JSON.stringify({ values: this.values, unsent: [...this.#unsent] }));
    } catch {
      // A browser that keeps nothing: the account has it all the same.
    }
  }

  async #deliver() {
    if (this.#sending) return;
    this.#sending = true;
    const names = [...this.#unsent];
    this.#unsent.clear();
    try {
      await this.send(Object.fromEntries(names.map((name) => [name, /** @type {any} */ (this.values)[name] ?? null])));
    } catch (error) {
      if (/** @type {any} */ (error)?.status !== 400) for (const name of names) this.#unsent.add(name); // what the server refuses it will refuse again
      this.dispatchEvent(new CustomEvent("problem", { detail: error }));
      if (this.#unsent.size && this.retryMs) setTimeout(() => this.#deliver(), this.retryMs);
    }
    this.#sending = false;
    this.#keep();
    if (this.#unsent.size && [...this.#unsent].some((name) => !names.includes(name))) this.#deliver();
  }
}
