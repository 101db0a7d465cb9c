/**
 * When every frame comes on screen. Frame rates vary, so a frame is found by its time and never by a rate.
 */
export class FrameTable {
  /**
   * @param {Float64Array | number[]} times microseconds, ascending
   * @param {number} endUs when the last frame goes
   */
  constructor(times, endUs) {
    if (times.length === 0) throw new RangeError("A recording has at least one frame.");
    this.times = Float64Array.from(times);
    this.endUs = Math.max(endUs, this.times[this.times.length - 1] + 1);
  }

  /**
   * Read the answer of /runs/…/frames: little-endian 32-bit differences in microseconds, the first from zero.
   * @param {ArrayBuffer} buffer
   * @param {number} endUs
   */
  static fromSteps(buffer, endUs) {
    const view = new DataView(buffer);
    const times = new Float64Array(Math.floor(buffer.byteLength / 4));
    let sum = 0;
    for (let index = 0; index < times.length; index += 1) {
      sum += view.getUint32(index * 4, true);
      times[index] = sum;
    }
    return new FrameTable(times, endUs);
  }

  /**
   * A table for when no file tells the times.
   * @param {number} rate frames a second
   * @param {number} endUs
   */
  static constant(rate, endUs) {
    const count = Math.max(1, Math.round((endUs * rate) / 1e6));
    return new FrameTable(Float64Array.from({ length: count }, (_, index) => Math.round((index * 1e6) / rate)), endUs);
  }

  get length() {
    return this.times.length;
  }

  /** @param {number} frame @returns {number} the nearest frame that exists */
  clamp(frame) {
    return Math.min(Math.max(Math.round(frame), 0), this.length - 1);
  }

  /** The frame on screen at a time. @param {number} us */
  at(us) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] <= us) low = middle + 1;
      else high = middle;
    }
    return Math.max(low - 1, 0);
  }

  /** The frame whose time is nearest: for times that went through floating point. @param {number} us */
  nearest(us) {
    const before = this.at(us);
    const after = Math.min(before + 1, this.length - 1);
    return this.times[after] - us < us - this.times[before] ? after : before;
  }

  /** Microseconds at which a frame comes on screen. @param {number} frame */
  timeOf(frame) {
    return this.times[this.clamp(frame)];
  }

  /** The middle of a frame's time on screen; seeking there shows this frame and no neighbour. @param {number} frame */
  middleOf(frame) {
    const at = this.clamp(frame);
    const end = at + 1 < this.length ? this.times[at + 1] : this.endUs;
    return (this.times[at] + end) / 2;
  }

  /** When the first frame comes that is not before a time. @param {number} us */
  firstFrom(us) {
    const at = this.at(us);
    return this.timeOf(this.times[at] < us ? at + 1 : at);
  }

  /** A time moved onto the frame on screen then. @param {number} us */
  snap(us) {
    return this.timeOf(this.at(us));
  }
}
