/** How fast bytes travel, smoothed over a few seconds, and how long the rest will take. */

const SMOOTH_S = 4;

export class Rate {
  /** @param {() => number} [now] milliseconds of a clock that never jumps */
  constructor(now = () => performance.now()) {
    this.now = now;
    this.reset();
  }

  /** Forget everything: after a pause the old speed says nothing. */
  reset() {
    this.at = NaN;
    this.bytes = 0;
    /** Bytes per second; NaN until something is known. */
    this.perSecond = NaN;
  }

  /** @param {number} bytes sent so far */
  add(bytes) {
    const at = this.now();
    const seconds = (at - this.at) / 1000;
    if (Number.isNaN(this.at) || bytes < this.bytes) {
      [this.at, this.bytes] = [at, bytes];
      return;
    }
    if (seconds < 0.25) return;
    const speed = (bytes - this.bytes) / seconds;
    const weight = 1 - Math.exp(-seconds / SMOOTH_S);
    this.perSecond = Number.isNaN(this.perSecond) ? speed : this.perSecond + weight * (speed - this.perSecond);
    [this.at, this.bytes] = [at, bytes];
  }

  /** @param {number} left bytes @returns {number} seconds, NaN while unknown */
  secondsFor(left) {
    return this.perSecond > 0 ? left / this.perSecond : NaN;
  }
}

/** @param {number} bytes @returns {string} such as `3.4 GB`; the same units as the server writes */
export function formatBytes(bytes) {
  const units = ["bytes", "KB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit ? value.toFixed(1) : value} ${units[unit]}`;
}

/** @param {number} seconds @returns {string} such as `1 min 20 s left`; empty while unknown */
export function formatLeft(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s left`;
  // Minutes with tens of seconds, or hours with minutes: nobody reads more from an estimate.
  const [step, perLarge, large, small] = seconds < 3595 ? [10, 6, "min", "s"] : [60, 60, "h", "min"];
  const steps = Math.round(seconds / step);
  const rest = (steps % perLarge) * (60 / perLarge);
  return `${Math.floor(steps / perLarge)} ${large}${rest ? ` ${rest} ${small}` : ""} left`;
}
