/** The reading at the playhead: `2.1 (1.4–2.9)`. Where the window is too wide to hold every frame, the frame is asked for when the playhead rests. */
import { readingAt, sayReading } from "../lib/interval.js";

const REST_MS = 180;

export class CurveReading {
  /** @type {import("../lib/interval.js").Curve | null} */ #curve = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #us = 0;

  /** @param {HTMLElement} box @param {(us: number) => Promise<import("../lib/interval.js").Curve | undefined>} ask */
  constructor(box, ask) {
    this.box = box;
    this.ask = ask;
  }

  /** @param {import("../lib/interval.js").Curve | null} curve of the window that is shown; null while another one comes */
  take(curve) {
    this.#curve = curve?.time_us ? curve : null;
    this.#say(null);
    this.at(this.#us);
  }

  /** @param {number} us */
  at(us) {
    this.#us = us;
    clearTimeout(this.#timer);
    const curve = this.#curve;
    if (!curve) return;
    if (curve.exact) return this.#say(readingAt(curve, us));
    this.#say(null);
    this.#timer = setTimeout(async () => {
      const frames = await this.ask(us).catch(() => undefined); // a reading that does not come is no reason to complain
      if (this.#us === us && this.#curve === curve && frames?.time_us) this.#say(readingAt(frames, us));
    }, REST_MS);
  }

  /** @param {import("../lib/interval.js").Reading | null} reading */
  #say(reading) {
    const said = sayReading(reading);
    if (this.box.textContent !== said) this.box.textContent = said;
  }
}
