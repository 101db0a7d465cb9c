/**
 * What the machine measured, as bytes at the resolutions of a screen: tiles of so many columns, each level twice as fine as the one
 * before. Drawing takes the best tile that is there, so that zooming and panning never wait for the network.
 * A byte is 0 where nothing was scored, otherwise 1 + intensity / step.
 * @typedef {import("./time-window.js").TimeWindow} TimeWindow
 * @typedef {import("./gates.js").Gate} Gate
 * @typedef {{level: number, index: number}} Place
 * @typedef {object} Tile
 * @property {number} fromUs
 * @property {number} toUs
 * @property {Map<string, Uint8Array>} heat highest intensity a column, by code
 * @property {Map<string, Uint8Array>} low lower end of the interval; only for the codes that were asked for
 * @property {Map<string, Uint8Array>} high
 * @property {Gate[]} gates
 */
import { span } from "./time-window.js";

export const COLUMNS = 1024;
const BITS = 10;
/** No column is shorter than this: finer than the frames of a fast camera. */
const FINEST_US = 4000;
const MOST_TILES = 160;

/** @param {string} text base64 @param {string[]} codes @param {number} width @returns {Map<string, Uint8Array>} */
export function lines(text, codes, width = COLUMNS) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at += 1) bytes[at] = letters.charCodeAt(at); // several times as fast as Uint8Array.from
  if (bytes.length !== codes.length * width) throw new RangeError("The window has another size than it says.");
  return new Map(codes.map((code, index) => [code, bytes.subarray(index * width, (index + 1) * width)]));
}

export class Pyramid {
  /** @type {Map<string, Tile>} in the order of their last use */ #tiles = new Map();
  step = 0.02;

  /** @param {number} durationUs @param {{most?: number}} [options] */
  constructor(durationUs, { most = MOST_TILES } = {}) {
    this.durationUs = durationUs;
    this.most = most;
    this.deepest = Math.max(0, Math.floor(Math.log2(durationUs / COLUMNS / FINEST_US)));
  }

  get size() {
    return this.#tiles.size;
  }

  /** @param {number} level */
  columnUs(level) {
    return this.durationUs / (COLUMNS * 2 ** level);
  }

  /** The coarsest level with a column for every pixel. @param {TimeWindow} window @param {number} width */
  levelFor(window, width) {
    const wish = Math.ceil(Math.log2((this.columnUs(0) * Math.max(width, 1)) / span(window)));
    return Math.min(Math.max(wish, 0), this.deepest);
  }

  /** Tiles of a level that a window touches. @param {number} level @param {TimeWindow} window @returns {Place[]} */
  places(level, window) {
    const count = 2 ** level;
    const at = (/** @type {number} */ us) => Math.min(Math.max(Math.floor((us / this.durationUs) * count), 0), count - 1);
    const [first, last] = [at(window.fromUs), at(window.toUs - 1)];
    return Array.from({ length: last - first + 1 }, (_, index) => ({ level, index: first + index }));
  }

  /** @param {Place} place @returns {TimeWindow} */
  bounds({ level, index }) {
    const at = (/** @type {number} */ number) => Math.round((this.durationUs * number) / 2 ** level);
    return { fromUs: at(index), toUs: at(index + 1) };
  }

  /** @param {Place} place */
  get({ level, index }) {
    return this.#tiles.get(`${level}/${index}`);
  }

  /** @param {Place} place @param {{codes: string[], heat: string, step: number, gates?: Gate[]}} answer */
  put(place, { codes, heat, step, gates = [] }) {
    this.step = step;
    this.#use(`${place.level}/${place.index}`, { ...this.bounds(place), heat: lines(heat, codes), low: new Map(), high: new Map(), gates });
    for (const key of this.#tiles.keys()) {
      if (this.#tiles.size <= this.most) break;
      if (key !== "0/0") this.#tiles.delete(key); // the whole recording always stays
    }
  }

  /** Add the ends of intervals to a tile; codes without an interval are remembered as such. @param {Place} place @param {string[]} asked @param {{codes: string[], low: string, high: string}} ends */
  putEnds(place, asked, { codes, low, high }) {
    const tile = this.get(place);
    if (!tile) return;
    const [lows, highs] = [lines(low, codes), lines(high, codes)];
    for (const code of asked) {
      tile.low.set(code, lows.get(code) ?? new Uint8Array(COLUMNS));
      tile.high.set(code, highs.get(code) ?? new Uint8Array(COLUMNS));
    }
  }

  /** @param {string} key @param {Tile} tile */
  #use(key, tile) {
    this.#tiles.delete(key);
    this.#tiles.set(key, tile);
  }

  /**
   * The finest tile that is there for a place, its own or one that covers more.
   * @param {number} level @param {number} index @param {"heat" | "low" | "high"} field @param {string} code
   * @returns {{bytes: Uint8Array, shift: number} | null}
   */
  #best(level, index, field, code) {
    for (let shift = 0; shift <= level; shift += 1) {
      const key = `${level - shift}/${index >> shift}`;
      const tile = this.#tiles.get(key);
      const bytes = tile?.[field].get(code);
      if (!tile || !bytes) continue;
      if (!shift) this.#use(key, tile);
      return { bytes, shift };
    }
    return null;
  }

  /**
   * One code's bytes for every pixel of a window: the highest during the pixel, of lower ends the lowest; 0 where there is none.
   * @param {"heat" | "low" | "high"} field @param {string} code @param {TimeWindow} window @param {number} width
   * @param {Uint8Array} out at least `width` long
   * @returns {boolean} whether there is anything
   */
  sample(field, code, window, width, out) {
    const level = this.levelFor(window, width);
    const last = COLUMNS * 2 ** level - 1;
    const perPixel = span(window) / width / this.columnUs(level);
    const start = window.fromUs / this.columnUs(level);
    const lowest = field === "low";
    let known = -1;
    let any = false;
    /** @type {{bytes: Uint8Array, shift: number} | null} */ let best = null;
    for (let x = 0; x < width; x += 1) {
      const from = Math.floor(start + x * perPixel);
      const to = Math.min(Math.max(from, Math.ceil(start + (x + 1) * perPixel) - 1), last);
      let found = 0;
      for (let column = from; column <= to; column += 1) {
        const index = column >> BITS;
        if (index !== known) {
          known = index;
          best = this.#best(level, index, field, code);
        }
        if (!best) continue;
        const byte = best.bytes[(column >> best.shift) & (COLUMNS - 1)];
        if (byte && (lowest ? !found || byte < found : byte > found)) found = byte;
      }
      out[x] = found;
      any ||= found > 0;
    }
    return any;
  }

  /** A code's intensity at a time from the finest tile that is there; null in a gap and where nothing is known. @param {string} code @param {number} us */
  valueAt(code, us) {
    if (us < 0 || us >= this.durationUs) return null;
    for (let level = this.deepest; level >= 0; level -= 1) {
      const column = Math.floor(us / this.columnUs(level));
      const bytes = this.get({ level, index: column >> BITS })?.heat.get(code);
      if (bytes) return bytes[column & (COLUMNS - 1)] ? (bytes[column & (COLUMNS - 1)] - 1) * this.step : null;
    }
    return null;
  }

  /** Why something was not scored in a window, ascending, from the best tiles that are there. @param {TimeWindow} window @param {number} width @returns {Gate[]} */
  gates(window, width) {
    /** @type {Map<number, Gate>} */ const found = new Map();
    const level = this.levelFor(window, width);
    for (const place of this.places(level, window)) {
      let tile = this.get(place);
      for (let up = 1; !tile && up <= level; up += 1) tile = this.get({ level: level - up, index: place.index >> up });
      for (const gate of tile?.gates ?? []) if (gate[0] < window.toUs && gate[1] > window.fromUs) found.set(gate[0], gate);
    }
    return [...found.values()].sort((a, b) => a[0] - b[0]);
  }

  /** How much is going on in every column of the whole recording: the mean over the codes, 0–1. @returns {Float32Array | null} NaN where nothing was seen */
  activity() {
    const tile = this.get({ level: 0, index: 0 });
    if (!tile) return null;
    const found = new Float32Array(COLUMNS).fill(NaN);
    for (let column = 0; column < COLUMNS; column += 1) {
      let sum = 0;
      let seen = 0;
      for (const bytes of tile.heat.values()) {
        if (!bytes[column]) continue;
        seen += 1;
        sum += bytes[column] - 1;
      }
      if (seen) found[column] = (sum / seen) * (this.step / 5);
    }
    return found;
  }
}
