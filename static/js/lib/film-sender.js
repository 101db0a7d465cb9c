/**
 * Sends a film while it is made: pieces of a resumable upload (tus) whose length is told at its end. A piece is let go of when the server
 * has acknowledged it, so a lost connection costs nothing but time.
 */
import { HttpError, csrfToken, errorFrom } from "./http.js";

const MOST_BYTES = 4 * 1024 * 1024;
const HELD_BYTES = 24 * 1024 * 1024;
const DELAYS_MS = [500, 1000, 2000, 5000, 10_000];
/** What will not pass by waiting: refused, gone, too large, not a video that is taken. */
const FINAL = new Set([400, 401, 403, 404, 410, 413, 415, 422]);

/** @typedef {{from: number, size: number, blob: Blob | null}} Waiting */

export class FilmSender extends EventTarget {
  /** @type {Waiting[]} */ #waiting = [];
  #next = 0;
  #sending = false;
  #halted = false;
  #tries = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /** @param {{session: string, url: string, shelf: import("./film-shelf.js").FilmShelf, offset?: number, fetch?: typeof fetch}} options */
  constructor({ session, url, shelf, offset = 0, fetch: ask = (...all) => fetch(...all) }) {
    super();
    this.session = session;
    this.url = url;
    this.shelf = shelf;
    this.ask = ask;
    this.#next = offset;
    /** Bytes that the server has. */ this.acknowledged = offset;
    /** Bytes of the film so far. */ this.made = offset;
    /** @type {HttpError | null} why nothing more can be sent */ this.failure = null;
    /** Whether it waits for a connection. */ this.stalled = false;
  }

  get waitingBytes() { return this.made - this.acknowledged; }

  /** @param {Blob} blob the film's next bytes */
  async add(blob) {
    if (!blob.size) return;
    const piece = { from: this.made, size: blob.size, blob };
    this.made += blob.size;
    this.#waiting.push(piece);
    const kept = await this.shelf.put({ session: this.session, from: piece.from, blob });
    // Only what is on the shelf may be let go of here.
    if (kept && this.waitingBytes > HELD_BYTES) piece.blob = null;
    this.#changed();
    this.pump();
  }

  /** Take up what a page before this one left on the shelf. */
  async restore() {
    for (const { from, blob } of await this.shelf.of(this.session)) {
      if (from + blob.size <= this.acknowledged) await this.shelf.remove(this.session, from);
      else if (from === this.made) {
        this.#waiting.push({ from, size: blob.size, blob });
        this.made += blob.size;
      }
    }
    this.pump();
  }

  /** Try at once, as when the network is back. */
  hurry() {
    this.#tries = 0;
    clearTimeout(this.#timer);
    this.pump();
  }

  /** Resolves when the server has everything. @returns {Promise<void>} rejects with the HttpError of what cannot be sent */
  async drained() {
    while (this.waitingBytes > 0) {
      if (this.failure) throw this.failure;
      await new Promise((resolve) => { this.addEventListener("change", () => resolve(undefined), { once: true }); });
    }
  }

  /** Send nothing more; resolves when nothing is on its way. */
  async halt() {
    this.#halted = true;
    while (this.#sending) await new Promise((resolve) => { this.addEventListener("change", () => resolve(undefined), { once: true }); });
  }

  /** Send on after `halt`. */
  resume() {
    this.#halted = false;
    this.hurry();
  }

  async pump() {
    if (this.#sending || this.#halted || this.failure || !this.#waiting.length) return;
    this.#sending = true;
    try {
      while (this.#waiting.length && !this.#halted && !this.failure) await this.#sendSome();
      this.#settle(false);
    } catch (error) {
      const status = error instanceof HttpError ? error.status : 0;
      if (FINAL.has(status)) this.failure = /** @type {HttpError} */ (error);
      else this.#timer = setTimeout(() => this.pump(), DELAYS_MS[Math.min(this.#tries++, DELAYS_MS.length - 1)]);
      this.#settle(!this.failure);
    } finally {
      this.#sending = false;
    }
  }

  /** @param {boolean} stalled */
  #settle(stalled) {
    this.stalled = stalled;
    this.#changed();
  }

  async #sendSome() {
    const some = [];
    let size = 0;
    for (const piece of this.#waiting) {
      if (some.length && size + piece.size > MOST_BYTES) break;
      const blob = piece.blob ?? await this.shelf.take(this.session, piece.from);
      if (!blob) throw new HttpError("A part of the film is gone from this browser. What arrived before is safe.", { status: 410, code: "lost" });
      some.push(blob);
      size += piece.size;
    }
    const [first] = this.#waiting;
    const answer = await this.#request("PATCH", { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(first.from) }, new Blob(some));
    if (answer.status === 409) return this.#catchUp(); // an answer was lost on its way: what does the server have?
    if (!answer.ok) throw await errorFrom(answer);
    this.#tries = 0;
    await this.#acknowledge(Number(answer.headers.get("Upload-Offset")));
  }

  async #catchUp() {
    const answer = await this.#request("HEAD", {});
    if (!answer.ok) throw await errorFrom(answer);
    const offset = Number(answer.headers.get("Upload-Offset"));
    if (offset <= this.#waiting[0].from) throw new HttpError("The server has less of the film than it acknowledged.", { status: 0, code: "behind" });
    await this.#acknowledge(offset);
  }

  /** @param {number} offset */
  async #acknowledge(offset) {
    this.acknowledged = offset;
    while (this.#waiting.length && this.#waiting[0].from + this.#waiting[0].size <= offset) {
      const piece = /** @type {Waiting} */ (this.#waiting.shift());
      await this.shelf.remove(this.session, piece.from);
    }
    this.stalled = false;
    this.#changed();
  }

  /** @param {string} method @param {Record<string, string>} headers @param {Blob} [body] */
  async #request(method, headers, body) {
    try {
      return await this.ask(this.url, { method, body, credentials: "same-origin", headers: { "Tus-Resumable": "1.0.0", "X-CSRFToken": csrfToken(), ...headers } });
    } catch (cause) {
      throw new HttpError("The server cannot be reached.", { code: "unreachable", cause });
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
