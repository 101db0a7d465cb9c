/**
 * What lies on the lanes under the voice: stretches with a label (combinations, states, words, markers) and curves with an interval.
 * @typedef {object} Item
 * @property {number} from microseconds
 * @property {number} to
 * @property {number} [at] where to look, microseconds; the beginning where it is missing
 * @property {string} label
 * @property {string[]} [lines] what else is to be said of it
 * @property {string} [tone] "faint" where it is uncertain, "own", "mark"
 * @property {number} [row] given by `stack`
 *
 * @typedef {object} Lane
 * @property {string} id
 * @property {string} name
 * @property {"spans" | "curve"} kind
 * @property {string} note what it is, and what it is not
 * @property {Item[]} [items] by beginning
 * @property {number[]} [times] middles of the windows, microseconds
 * @property {(number | null)[]} [values]
 * @property {(number | null)[]} [low]
 * @property {(number | null)[]} [high]
 * @property {[number, number]} [range] of the values that the lane's height stands for
 * @property {string} [unit]
 */

export const MOST_ROWS = 4;

/**
 * Give overlapping stretches rows of their own; what would need more than `most` shares the last one.
 * @param {Item[]} items by beginning; their `row` is set
 * @param {number} [most]
 * @returns {number} how many rows there are, at least 1
 */
export function stack(items, most = MOST_ROWS) {
  /** @type {number[]} where each row ends */ const ends = [];
  for (const item of items) {
    let row = ends.findIndex((end) => end <= item.from);
    if (row < 0) row = Math.min(ends.length, most - 1);
    ends[row] = Math.max(ends[row] ?? 0, item.to);
    item.row = row;
  }
  return Math.max(ends.length, 1);
}

/** Stretches that stand at a moment. @param {Lane} lane @param {number} us @returns {Item[]} */
export const standing = (lane, us) => (lane.items ?? []).filter(({ from, to }) => from <= us && us < Math.max(to, from + 1));

/**
 * Value of a curve at a moment: that of the window whose middle is nearest, as long as it is near.
 * @param {Lane} lane @param {number} us
 * @returns {{value: number, low: number | null, high: number | null} | null}
 */
export function valueAt(lane, us) {
  const { times = [], values = [] } = lane;
  if (!times.length) return null;
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < us) low = middle + 1;
    else high = middle;
  }
  const at = low > 0 && (low === times.length || us - times[low - 1] <= times[low] - us) ? low - 1 : low;
  const step = times.length > 1 ? times[1] - times[0] : 0;
  const value = values[at];
  if (value === null || value === undefined || Math.abs(times[at] - us) > Math.max(step, 1)) return null;
  return { value, low: lane.low?.[at] ?? null, high: lane.high?.[at] ?? null };
}
