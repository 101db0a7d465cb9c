/** The voice lane: the outline of the recording's sound, asked for when it is opened. Pitch and transcript have their place in it, with words while there are none. */
import { prepare } from "../lib/canvas.js";
import { getJson } from "../lib/http.js";
import { colour } from "../lib/palette.js";
import { recall, remember } from "../lib/remembered.js";
import { clamp, span } from "../lib/time-window.js";

const HEIGHT = 40;
const WAIT_MS = 120;
const AGAIN_MS = 2000;
const OPEN = "voice-open";

export class VoiceLane {
  /** @type {{fromUs: number, toUs: number, low: Int8Array, high: Int8Array}[]} the whole recording, and the last finer window */ #parts = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #asked = "";
  #missing = false;

  /** @param {HTMLElement} box @param {{durationUs: number, redraw: () => void}} options */
  constructor(box, { durationUs, redraw }) {
    this.url = box.dataset.url ?? "";
    this.durationUs = durationUs;
    this.redraw = redraw;
    const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (box.querySelector(selector));
    this.button = part("#voice-fold");
    this.plot = part("#voice-plot");
    this.words = part("#voice-words");
    this.always = this.words.textContent ?? "";
    this.canvas = /** @type {HTMLCanvasElement} */ (box.querySelector("canvas"));
    this.button.addEventListener("click", () => this.#open(Boolean(this.plot.hidden)));
    this.#open(recall(OPEN, false));
  }

  /** @param {boolean} open */
  #open(open) {
    this.button.setAttribute("aria-expanded", String(open));
    this.plot.hidden = !open;
    this.canvas.hidden = !this.url;
    remember(OPEN, open);
    if (open && this.url && !this.#parts.length) this.#ask({ fromUs: 0, toUs: this.durationUs }, 2048);
    this.redraw();
  }

  /** @param {import("../lib/time-window.js").TimeWindow} window @param {number} width */
  draw(window, width) {
    if (this.plot.hidden || !this.url) return;
    const pen = prepare(this.canvas, width, HEIGHT);
    const shown = [...this.#parts].reverse().find(({ fromUs, toUs }) => fromUs <= window.fromUs && toUs >= window.toUs);
    if (!shown) return;
    if (span(shown) > span(window) * 2.2 && !this.#missing) this.#want(window, width);
    const columns = shown.low.length;
    const perPixel = (span(window) / width / span(shown)) * columns;
    const start = ((window.fromUs - shown.fromUs) / span(shown)) * columns;
    pen.fillStyle = colour("--ink-quiet");
    const middle = HEIGHT / 2;
    for (let x = 0; x < width; x += 1) {
      let low = 0;
      let high = 0;
      const last = Math.min(Math.max(Math.ceil(start + (x + 1) * perPixel), Math.floor(start + x * perPixel) + 1), columns);
      for (let column = Math.max(Math.floor(start + x * perPixel), 0); column < last; column += 1) {
        low = Math.min(low, shown.low[column]);
        high = Math.max(high, shown.high[column]);
      }
      const top = middle - (high / 127) * (middle - 1);
      pen.fillRect(x, top, 1, Math.max(middle - (low / 127) * (middle - 1) - top, 1));
    }
  }

  /** @param {import("../lib/time-window.js").TimeWindow} window @param {number} width */
  #want(window, width) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const more = span(window) / 2;
      this.#ask(clamp({ fromUs: window.fromUs - more, toUs: window.toUs + more }, this.durationUs), Math.min(width * 2, 4096));
    }, WAIT_MS);
  }

  /** @param {import("../lib/time-window.js").TimeWindow} window @param {number} columns */
  async #ask(window, columns) {
    const url = `${this.url}&${new URLSearchParams({ from: String(window.fromUs), to: String(window.toUs), width: String(columns) })}`;
    if (url === this.#asked) return;
    this.#asked = url;
    try {
      const answer = await getJson(url);
      if (answer.peaks) {
        const bytes = Int8Array.from(atob(answer.peaks), (letter) => letter.charCodeAt(0) << 24 >> 24);
        this.#parts = [...this.#parts.slice(0, 1), { ...window, low: bytes.subarray(0, columns), high: bytes.subarray(columns) }];
        this.#say(this.always);
        return this.redraw();
      }
      this.#asked = "";
      this.#missing = !answer.coming;
      this.#say(answer.words);
      if (answer.coming) setTimeout(() => { if (!this.plot.hidden) this.#ask(window, columns); }, AGAIN_MS);
    } catch (error) {
      this.#asked = "";
      this.#missing = true;
      this.#say(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} text */
  #say(text) {
    if (this.words.textContent !== text) this.words.textContent = text;
  }
}
