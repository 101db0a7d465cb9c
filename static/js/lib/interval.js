/**
 * The interval around a curve: its outline, and what a curve and its interval say at one time.
 * @typedef {(number | null)[]} Values
 * @typedef {{time_us: number[], exact?: boolean, both?: Values, left?: Values, right?: Values, low?: Values, high?: Values}} Curve
 * @typedef {{value: number, low: number | null, high: number | null}} Reading
 */

/**
 * Outline of the interval as steps: one closed path for every unbroken stretch, null between them. Empty where there is none.
 * @param {Curve} curve
 * @returns {{x: (number | null)[], y: (number | null)[]}}
 */
export function outline({ time_us: times, low, high }) {
  /** @type {(number | null)[]} */ const x = [];
  /** @type {(number | null)[]} */ const y = [];
  if (!low || !high) return { x, y };
  const add = (/** @type {number | null} */ at, /** @type {number | null} */ value) => { x.push(at); y.push(value); };
  const known = (/** @type {number} */ index) => index < times.length && low[index] !== null && high[index] !== null;
  for (let first = 0; first < times.length; first += 1) {
    if (!known(first)) continue;
    let last = first;
    while (known(last + 1)) last += 1;
    if (x.length) add(null, null);
    add(times[first], high[first]);
    for (let index = first + 1; index <= last; index += 1) {
      add(times[index], high[index - 1]);
      add(times[index], high[index]);
    }
    for (let index = last; index > first; index -= 1) {
      add(times[index], low[index]);
      add(times[index], low[index - 1]);
    }
    add(times[first], low[first]);
    first = last;
  }
  return { x, y };
}

/** What was on screen at a time; null before the first frame and in a gap. @param {Curve} curve @param {number} us @returns {Reading | null} */
export function readingAt({ time_us: times, both = [], low = [], high = [] }, us) {
  let from = 0;
  let to = times.length; // the first frame after us lies in from…to
  while (from < to) {
    const middle = (from + to) >> 1;
    if (times[middle] <= us) from = middle + 1;
    else to = middle;
  }
  const value = from ? both[from - 1] : null;
  if (value === null || value === undefined) return null;
  return { value, low: low[from - 1] ?? null, high: high[from - 1] ?? null };
}

/** `2.1 (1.4–2.9)`, without an interval `2.1`. @param {Reading | null} reading */
export function sayReading(reading) {
  if (!reading) return "–";
  const { value, low, high } = reading;
  return low === null || high === null ? value.toFixed(1) : `${value.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`;
}
