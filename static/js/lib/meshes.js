/** Meshes of single frames, made by the server when somebody looks at a frame; the newest are kept. */

const KEPT = 200;

export class Meshes {
  /** @type {Map<string, {points?: number[], size?: number[], why?: string}>} */ #known = new Map();
  /** @type {string | null} */ #asking = null;
  /** @type {{key: string, query: string} | null} the newest wish while another is on its way */ #next = null;

  /** @param {(query: string) => Promise<any>} fetch @param {() => void} onChange */
  constructor(fetch, onChange) {
    this.fetch = fetch;
    this.onChange = onChange;
  }

  /** @param {number} face @param {number} us of a frame @returns what is known, or null */
  of(face, us) {
    return this.#known.get(`${face}@${us}`) ?? null;
  }

  /** @param {number} face */
  neutral(face) {
    return this.#known.get(`${face}@neutral`) ?? null;
  }

  /** @param {number} face @param {number} us */
  want(face, us) {
    this.#want(`${face}@${us}`, `face=${face}&at=${us}`);
  }

  /** @param {number} face */
  wantNeutral(face) {
    this.#want(`${face}@neutral`, `face=${face}&neutral=1`);
  }

  /** @param {string} key @param {string} query */
  async #want(key, query) {
    if (this.#known.has(key) || this.#asking === key) return;
    if (this.#asking !== null) {
      this.#next = { key, query };
      return;
    }
    this.#asking = key;
    try {
      this.#known.set(key, await this.fetch(query));
      const [oldest] = this.#known.keys();
      if (this.#known.size > KEPT && !oldest.endsWith("neutral")) this.#known.delete(oldest);
      this.onChange();
    } catch (error) {
      this.#known.set(key, { why: error instanceof Error ? error.message : "" });
      setTimeout(() => this.#known.delete(key), 5000);
      this.onChange();
    }
    this.#asking = null;
    const next = this.#next;
    this.#next = null;
    if (next) this.#want(next.key, next.query);
  }
}
