/** Where the face is, frame by frame, fetched in stretches around the playhead. */

const STRETCH_US = 120_000_000;
const AHEAD_US = 20_000_000;
const KEPT = 8;

/**
 * @typedef {object} Place
 * @property {number} timeUs of the frame that it was measured in
 * @property {boolean} seen whether the face is in the frame asked for; otherwise this is the last one where it was
 * @property {number} x box, pixels of the picture
 * @property {number} y
 * @property {number} w
 * @property {number} h
 * @property {number} yaw degrees
 * @property {number} pitch
 * @property {number} roll
 * @property {number} viewX calm centre and size of the face
 * @property {number} viewY
 * @property {number} viewSize
 * @typedef {{times: Float64Array, values: Float32Array}} Stretch
 */

const WIDTH = 10;

/** @param {string} text */
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;

/** @param {{times?: string, values?: string}} answer @returns {Stretch} */
export function decode({ times = "", values = "" }) {
  return { times: new Float64Array(bytes(times)), values: new Float32Array(bytes(values)) };
}

/** The last frame that is not after a time. @param {Stretch} stretch @param {number} us @returns {Place | null} */
export function placeIn({ times, values }, us) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= us) low = middle + 1;
    else high = middle;
  }
  for (let at = low - 1; at >= 0; at -= 1) {
    const [x, y, w, h, yaw, pitch, roll, viewX, viewY, viewSize] = values.subarray(at * WIDTH, (at + 1) * WIDTH);
    if (Number.isFinite(x + y + w + h)) return { timeUs: times[at], seen: times[at] === us, x, y, w, h, yaw, pitch, roll, viewX, viewY, viewSize };
  }
  return null;
}

export class Places extends EventTarget {
  /** @type {Map<number, Stretch | null>} null while it is on its way */ #stretches = new Map();
  /** @type {Place | null} */ #last = null;
  why = "";

  /** @param {(fromUs: number, toUs: number) => Promise<any>} fetch @param {number} endUs */
  constructor(fetch, endUs) {
    super();
    this.fetch = fetch;
    this.endUs = endUs;
  }

  /** Where the face is at a frame's time; the last place that is known while the right one is fetched. @param {number} us */
  at(us) {
    const number = Math.floor(us / STRETCH_US);
    this.#need(number);
    if (us % STRETCH_US > STRETCH_US - AHEAD_US) this.#need(number + 1);
    const stretch = this.#stretches.get(number);
    if (stretch) this.#last = placeIn(stretch, us);
    else if (this.#last) this.#last = { ...this.#last, seen: false };
    return this.#last;
  }

  /** @param {number} number */
  async #need(number) {
    if (this.#stretches.has(number) || number * STRETCH_US >= this.endUs) return;
    this.#stretches.set(number, null);
    try {
      const answer = await this.fetch(number * STRETCH_US, Math.min((number + 1) * STRETCH_US, this.endUs + 1));
      this.why = answer.why ?? "";
      this.#stretches.set(number, decode(answer));
      for (const old of this.#stretches.keys()) if (this.#stretches.size > KEPT && old !== number) this.#stretches.delete(old);
      this.dispatchEvent(new Event("change"));
    } catch {
      setTimeout(() => this.#stretches.delete(number), 5000); // asked again when it is needed again
    }
  }
}
