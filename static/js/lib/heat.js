/**
 * A window of intensities as the server sends it: one byte a column and code, 0 for a gap, otherwise 1 + value / step.
 */
export class Heat {
  /**
   * @param {{from_us: number, to_us: number, width: number, step: number, codes: string[], heat: string,
   *   gates?: import("./gates.js").Gate[]}} answer
   */
  constructor(answer) {
    this.fromUs = answer.from_us;
    this.toUs = answer.to_us;
    this.width = answer.width;
    this.step = answer.step;
    this.codes = answer.codes;
    /** Where something was not scored, and why. */
    this.gates = answer.gates ?? [];
    this.bytes = Uint8Array.from(atob(answer.heat), (letter) => letter.charCodeAt(0));
    if (this.bytes.length !== this.codes.length * this.width) throw new RangeError("The window has another size than it says.");
    this.lines = new Map(this.codes.map((code, index) => [code, index * this.width]));
  }

  /**
   * One code's intensities, 0–5, null in gaps.
   * @param {string} code
   * @returns {(number | null)[]}
   */
  row(code) {
    const start = this.lines.get(code);
    /** @type {(number | null)[]} */
    const values = new Array(this.width).fill(null);
    if (start === undefined) return values;
    for (let column = 0; column < this.width; column += 1) {
      const byte = this.bytes[start + column];
      if (byte) values[column] = (byte - 1) * this.step;
    }
    return values;
  }

  /** A code's intensity at a time; null in a gap and outside of the window. @param {string} code @param {number} us */
  valueAt(code, us) {
    const start = this.lines.get(code);
    const column = Math.floor(((us - this.fromUs) / (this.toUs - this.fromUs)) * this.width);
    if (start === undefined || column < 0 || column >= this.width) return null;
    const byte = this.bytes[start + column];
    return byte ? (byte - 1) * this.step : null;
  }

  /** How much is going on in every column: the mean over the codes, 0–1. @returns {Float32Array} NaN where nothing was seen */
  activity() {
    const found = new Float32Array(this.width).fill(NaN);
    for (let column = 0; column < this.width; column += 1) {
      let sum = 0;
      let seen = 0;
      for (const start of this.lines.values()) {
        const byte = this.bytes[start + column];
        if (!byte) continue;
        seen += 1;
        sum += (byte - 1) * this.step;
      }
      if (seen) found[column] = sum / seen / 5;
    }
    return found;
  }
}
