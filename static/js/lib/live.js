/**
 * The arithmetic of live coding: from the moments at which a key went down and up to an event, and from a few flashes to a reaction time.
 */

export const FLASHES = 12;
/** Faster is guessing, slower is having looked away. */
const FASTEST_MS = 100;
const SLOWEST_MS = 1500;
const FEWEST = 6;
/** Median absolute deviations beyond which a reaction is an outlier, and the factor that makes one a standard deviation. */
const WIDE = 3;
const NORMAL = 1.4826;

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * What a calibration says.
 * @param {number[]} reactions milliseconds from each flash to the key
 * @returns {{ms: number, spreadMs: number, kept: number, dropped: number} | null} null when too few are left to say anything.
 *   `spreadMs`: half of all reactions lie within this of the median (median absolute deviation)
 */
export function calibrate(reactions) {
  const plausible = reactions.filter((ms) => ms >= FASTEST_MS && ms <= SLOWEST_MS);
  if (plausible.length < FEWEST) return null;
  const middle = median(plausible);
  const width = Math.max(median(plausible.map((ms) => Math.abs(ms - middle))) * NORMAL * WIDE, 50);
  const kept = plausible.filter((ms) => Math.abs(ms - middle) <= width);
  const ms = median(kept);
  return { ms: Math.round(ms), spreadMs: Math.round(median(kept.map((one) => Math.abs(one - ms)))), kept: kept.length, dropped: reactions.length - kept.length };
}

/**
 * Where a press happened on the recording: earlier by what the coder's reaction lasted, which at double speed is twice as much of the recording.
 * @param {number} us @param {number} reactionMs @param {number} rate
 */
export const compensated = (us, reactionMs, rate) => Math.max(0, us - reactionMs * 1000 * rate);

/**
 * An event from a key that was down, on frames and not over others of its code.
 * @param {{fromUs: number, toUs: number, rate: number}} press where the video stood
 * @param {{reactionMs: number, frames: import("./frames.js").FrameTable, taken: {onset_us: number, offset_us: number}[]}} how
 *   `taken`: events of this code and face on sides that are not apart
 * @returns {{onset_us: number, offset_us: number} | null} null where an event of this code is already
 */
export function pressed({ fromUs, toUs, rate }, { reactionMs, frames, taken }) {
  let onset = frames.timeOf(frames.nearest(compensated(fromUs, reactionMs, rate)));
  let offset = frames.timeOf(frames.nearest(compensated(toUs, reactionMs, rate)));
  if (offset <= onset) offset = frames.timeOf(frames.at(onset) + 1);
  for (const other of [...taken].sort((a, b) => a.onset_us - b.onset_us)) {
    if (other.offset_us <= onset || other.onset_us >= offset) continue;
    if (other.onset_us <= onset) onset = frames.firstFrom(other.offset_us);
    else offset = other.onset_us;
  }
  return offset > onset ? { onset_us: onset, offset_us: offset } : null;
}
