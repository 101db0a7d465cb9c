/** What a live session's page says to the server and hears from it, as bytes; and how long the answers take. */

const HEAD_BYTES = 16;
/** Points come in these parts of a pixel. */
const PARTS = 8;
const WINDOW_MS = 10_000;
/** An answer that took longer is not waited for any more. */
export const GIVE_UP_MS = 1500;

/**
 * A picture as the socket takes it.
 * @param {number} number counts pictures @param {number} timeUs since the session began @param {ArrayBuffer} jpeg
 * @returns {ArrayBuffer}
 */
export function packPicture(number, timeUs, jpeg) {
  const message = new Uint8Array(HEAD_BYTES + jpeg.byteLength);
  const head = new DataView(message.buffer);
  head.setUint32(0, 1, true);
  head.setUint32(4, number, true);
  head.setBigUint64(8, BigInt(Math.max(0, Math.round(timeUs))), true);
  message.set(new Uint8Array(jpeg), HEAD_BYTES);
  return message.buffer;
}

/**
 * @typedef {object} Said
 * @property {number} n the picture's number
 * @property {[number, number]} size of the picture that was looked at
 * @property {number} faces
 * @property {number[] | null} box
 * @property {number[] | null} pose
 * @property {number} quality
 * @property {string[]} gates
 * @property {{method: string, distance: number | null} | null} neutral
 * @property {{share: number, waits_for: string}} search
 * @property {Record<string, (number | null)[]>} aus by code the unit, and the subject's left and right where it has sides
 */

/** @param {ArrayBuffer} message @returns {{said: Said, points: Float32Array | null}} points: x and y in pixels of the picture */
export function readAnswer(message) {
  const length = new DataView(message).getUint32(0, true);
  const said = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length)));
  const raw = new Int16Array(message, 4 + length);
  return { said, points: raw.length ? Float32Array.from(raw, (value) => value / PARTS) : null };
}

/** @param {number[]} sorted ascending @param {number} share 0–1 */
const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];

/** Which pictures wait for an answer, and how the last ten seconds were. */
export class Pace {
  /** @type {Map<number, number>} number → when it was sent */ #waiting = new Map();
  /** @type {{at: number, ms: number}[]} */ #answers = [];
  /** @type {number[]} when a picture got no answer, or was not sent for want of one */ #lost = [];

  /** @param {number} atOnce most pictures that may wait */
  constructor(atOnce) {
    this.atOnce = atOnce;
  }

  /** Whether another picture may be sent. @param {number} now ms */
  mayTake(now) {
    for (const [number, at] of this.#waiting) {
      if (now - at > GIVE_UP_MS) this.#lose(number, now);
    }
    return this.#waiting.size < this.atOnce;
  }

  /** A picture was left out because others wait. @param {number} now */
  heldBack(now) {
    this.#lost.push(now);
  }

  /** @param {number} number @param {number} now */
  sent(number, now) {
    this.#waiting.set(number, now);
  }

  /** @param {number} number @param {number} now @returns {boolean} whether anybody waited for it */
  answered(number, now) {
    const at = this.#waiting.get(number);
    this.#waiting.delete(number);
    for (const older of [...this.#waiting.keys()].filter((one) => one < number)) this.#lose(older, now);
    if (at === undefined) return false;
    this.#answers.push({ at: now, ms: now - at });
    return true;
  }

  /** It will get no answer, nor will those before it. @param {number} number @param {number} now */
  passed(number, now) {
    for (const one of [...this.#waiting.keys()].filter((other) => other <= number)) this.#lose(one, now);
  }

  /** The connection is gone, and with it what was on its way. @param {number} now */
  cut(now) {
    for (const number of [...this.#waiting.keys()]) this.#lose(number, now);
  }

  /** @param {number} now @returns {{p50: number, p95: number, rate: number, lost: number} | null} ms, answers a second, pictures; null without an answer */
  figures(now) {
    const since = now - WINDOW_MS;
    this.#answers = this.#answers.filter(({ at }) => at >= since);
    this.#lost = this.#lost.filter((at) => at >= since);
    if (!this.#answers.length) return null;
    const sorted = this.#answers.map(({ ms }) => ms).sort((a, b) => a - b);
    const seconds = Math.max(1, (now - this.#answers[0].at) / 1000);
    return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), rate: sorted.length / seconds, lost: this.#lost.length };
  }

  /** @param {number} number @param {number} now */
  #lose(number, now) {
    this.#waiting.delete(number);
    this.#lost.push(now);
  }
}
