/**
 * Asks the server for the signals of the window on the screen, and somewhat more on both sides so that small moves need no request.
 */
import { Heat } from "../lib/heat.js";
import { getJson } from "../lib/http.js";
import { clamp, span } from "../lib/time-window.js";

/** @typedef {import("../lib/time-window.js").TimeWindow} TimeWindow */

const MARGIN = 0.25; // of the window, on each side
/** While somebody zooms or pans, the picture that is there is moved; the next one comes when they pause, or after a while. */
const WAIT_MS = 140;
const LONGEST_WAIT_MS = 700;
const MAX_COLUMNS = 2400;

export class WindowLoader {
  /** @type {AbortController | null} */ #asking = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #asked = "";
  #drawn = "";
  /** @type {number | null} when the first of the wishes that wait was made */ #since = null;

  /**
   * @param {{url: string, version: number, durationUs: number, onHeat: (heat: Heat) => void,
   *   onCurve: (curve: any, drawn: TimeWindow, width: number) => void, onError: (error: unknown) => void}} options
   */
  constructor(options) {
    this.options = options;
  }

  /**
   * Have the pictures of a window come soon; asking again before that replaces the wish.
   * @param {{window: TimeWindow, width: number, face: number, code: string | null}} wish
   * @param {boolean} [now]
   */
  want(wish, now = false) {
    clearTimeout(this.#timer);
    this.#since ??= performance.now();
    const left = this.#since + LONGEST_WAIT_MS - performance.now();
    this.#timer = setTimeout(() => {
      this.#since = null;
      this.#ask(wish);
    }, now ? 0 : Math.max(0, Math.min(WAIT_MS, left)));
  }

  /** Forget what was asked and drawn, so that the next wish asks again. */
  forget() {
    this.#asked = this.#drawn = "";
  }

  /** The whole recording in so many columns. @param {number} face @param {number} columns */
  async whole(face, columns) {
    return new Heat(await getJson(this.#url({ fromUs: 0, toUs: this.options.durationUs }, columns, face, "", true)));
  }

  /** A curve's frames around one time, for windows too wide to show every frame. @param {number} us @param {number} face @param {string} code */
  async frameAt(us, face, code) {
    const fromUs = Math.max(0, Math.min(Math.floor(us), this.options.durationUs - 1));
    return (await getJson(this.#url({ fromUs, toUs: fromUs + 1 }, 1000, face, code, false))).curves[code];
  }

  /** @param {TimeWindow} window @param {number} columns @param {number} face @param {string} code @param {boolean} heat */
  #url(window, columns, face, code, heat) {
    const { url, version } = this.options;
    return `${url}?${new URLSearchParams({
      face: String(face), from: String(window.fromUs), to: String(window.toUs), width: String(columns), codes: code,
      heat: heat ? "1" : "0", v: String(version),
    })}`;
  }

  /** @param {{window: TimeWindow, width: number, face: number, code: string | null}} wish */
  async #ask({ window, width, face, code }) {
    const more = span(window) * MARGIN;
    const drawn = clamp({ fromUs: window.fromUs - more, toUs: window.toUs + more }, this.options.durationUs);
    const columns = Math.max(1, Math.min(Math.round((span(drawn) / span(window)) * width), MAX_COLUMNS));
    const picture = [face, drawn.fromUs, drawn.toUs, columns].join();
    const isNew = picture !== this.#drawn; // another row's curve needs no other heatmap
    const url = this.#url(drawn, columns, face, code ?? "", isNew);
    if (url === this.#asked || width < 1 || !(isNew || code)) return;
    this.#asking?.abort();
    this.#asking = new AbortController();
    this.#asked = url;
    try {
      const answer = await getJson(url, { signal: this.#asking.signal });
      if (isNew) this.options.onHeat(new Heat(answer));
      this.#drawn = picture;
      this.options.onCurve(code ? answer.curves[code] : null, drawn, columns);
    } catch (error) {
      if (error instanceof Error && error.name === "AbortError") return;
      this.#asked = "";
      this.options.onError(error);
    }
  }
}
