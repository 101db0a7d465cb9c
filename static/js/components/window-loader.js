/**
 * Asks the server for what the timeline draws: the tiles of all rows at the resolution of the screen, the intervals of the rows in view,
 * and the frames of one curve. Nothing waits for an answer: what is there is drawn, and drawn again when more has come.
 */
import { getJson } from "../lib/http.js";
import { COLUMNS } from "../lib/tiles.js";
import { clamp, span } from "../lib/time-window.js";

/**
 * @typedef {import("../lib/time-window.js").TimeWindow} TimeWindow
 * @typedef {import("../lib/tiles.js").Place} Place
 * @typedef {{window: TimeWindow, width: number, code: string | null, rows: string[]}} Wish `rows`: codes of the rows in view
 */

const MARGIN = 0.25; // of the window, on each side, that a curve is asked for beyond it
/** While somebody zooms or pans, coarser tiles and the former curve are shown; finer ones come when they pause, or after a while. */
const WAIT_MS = 90;
const LONGEST_WAIT_MS = 350;
const MAX_COLUMNS = 2400;

export class WindowLoader {
  /** @type {AbortController | null} of the curve */ #asking = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {number | null} when the first of the wishes that wait was made */ #since = null;
  /** @type {Set<string>} addresses of tiles that are on their way */ #coming = new Set();
  #asked = "";
  face = 0;

  /**
   * @param {{url: string, version: number, durationUs: number, pyramid: import("../lib/tiles.js").Pyramid, onTiles: () => void,
   *   onCurve: (curve: any, drawn: TimeWindow, width: number) => void, onError: (error: unknown) => void}} options
   */
  constructor(options) {
    this.options = options;
    this.pyramid = options.pyramid;
  }

  /** The whole recording of a face, coarsely; the tiles of another face are forgotten. @param {number} face @param {import("../lib/tiles.js").Pyramid} pyramid @returns {Promise<{codes: string[], sure: string[]}>} */
  async open(face, pyramid) {
    this.face = face;
    this.pyramid = pyramid;
    this.#asked = "";
    this.#coming.clear();
    const place = { level: 0, index: 0 };
    const answer = await getJson(this.#url(pyramid.bounds(place), COLUMNS, { heat: "1" }));
    pyramid.put(place, answer);
    this.sure = new Set(answer.sure);
    return answer;
  }

  /** Have what a window needs come soon; asking again before that replaces the wish. @param {Wish} wish @param {boolean} [now] */
  want(wish, now = false) {
    clearTimeout(this.#timer);
    this.#since ??= performance.now();
    const left = this.#since + LONGEST_WAIT_MS - performance.now();
    this.#timer = setTimeout(() => {
      this.#since = null;
      this.#askTiles(wish);
      this.#askCurve(wish);
    }, now ? 0 : Math.max(0, Math.min(WAIT_MS, left)));
  }

  /** Forget which curve was drawn, so that the next wish asks again. */
  forget() {
    this.#asked = "";
  }

  /** A curve's frames around one time, for windows too wide to show every frame. @param {number} us @param {string} code */
  async frameAt(us, code) {
    const fromUs = Math.max(0, Math.min(Math.floor(us), this.options.durationUs - 1));
    return (await getJson(this.#url({ fromUs, toUs: fromUs + 1 }, 1000, { codes: code, heat: "0" }))).curves[code];
  }

  /** @param {TimeWindow} window @param {number} columns @param {Record<string, string>} what */
  #url(window, columns, what) {
    const { url, version } = this.options;
    return `${url}?${new URLSearchParams({ face: String(this.face), from: String(window.fromUs), to: String(window.toUs), width: String(columns), ...what, v: String(version) })}`;
  }

  /** @param {Wish} wish */
  #askTiles({ window, width, rows }) {
    const { pyramid } = this;
    if (width < 1) return;
    const sure = rows.filter((code) => this.sure?.has(code));
    for (const place of pyramid.places(pyramid.levelFor(window, width), window)) {
      const tile = pyramid.get(place);
      if (!tile) {
        this.#fetch(place, { heat: "1", ends: sure.join() }, (answer) => {
          pyramid.put(place, answer);
          if (answer.ends) pyramid.putEnds(place, sure, answer.ends);
        });
        continue;
      }
      const missing = sure.filter((code) => !tile.low.has(code));
      if (missing.length) this.#fetch(place, { heat: "0", ends: missing.join() }, (answer) => pyramid.putEnds(place, missing, answer.ends));
    }
  }

  /** @param {Place} place @param {Record<string, string>} what @param {(answer: any) => void} take */
  async #fetch(place, what, take) {
    const { pyramid } = this;
    const url = this.#url(pyramid.bounds(place), COLUMNS, what);
    if (this.#coming.has(url)) return;
    this.#coming.add(url);
    try {
      const answer = await getJson(url);
      if (pyramid !== this.pyramid) return; // another face is shown by now
      take(answer);
      this.options.onTiles();
    } catch (error) {
      this.options.onError(error);
    } finally {
      this.#coming.delete(url);
    }
  }

  /** @param {Wish} wish */
  async #askCurve({ window, width, code }) {
    if (!code || width < 1) return;
    const more = span(window) * MARGIN;
    const drawn = clamp({ fromUs: window.fromUs - more, toUs: window.toUs + more }, this.options.durationUs);
    const columns = Math.max(1, Math.min(Math.round((span(drawn) / span(window)) * width), MAX_COLUMNS));
    const url = this.#url(drawn, columns, { codes: code, heat: "0" });
    if (url === this.#asked) return;
    this.#asking?.abort();
    this.#asking = new AbortController();
    this.#asked = url;
    try {
      const answer = await getJson(url, { signal: this.#asking.signal });
      this.options.onCurve(answer.curves[code], drawn, columns);
    } catch (error) {
      if (error instanceof Error && error.name === "AbortError") return;
      this.#asked = "";
      this.options.onError(error);
    }
  }
}
