/**
 * The part of a recording that the timeline shows: where a time stands on the screen, zooming, panning, the marks of a ruler.
 * @typedef {{fromUs: number, toUs: number}} TimeWindow microseconds
 */

export const MIN_SPAN_US = 200_000;

/** @param {TimeWindow} window */
export const span = (window) => window.toUs - window.fromUs;

/** @param {TimeWindow} window @param {number} us @param {number} width pixels @returns {number} pixels from the left */
export const toX = (window, us, width) => ((us - window.fromUs) / span(window)) * width;

/** @param {TimeWindow} window @param {number} x pixels from the left @param {number} width pixels @returns {number} microseconds */
export const toUs = (window, x, width) => Math.round(window.fromUs + (x / width) * span(window));

/**
 * The nearest window that lies within the recording and is not too short.
 * @param {TimeWindow} window
 * @param {number} durationUs
 * @returns {TimeWindow} whole microseconds
 */
export function clamp(window, durationUs) {
  const length = Math.min(Math.max(span(window), Math.min(MIN_SPAN_US, durationUs)), durationUs);
  const fromUs = Math.round(Math.min(Math.max(window.fromUs, 0), durationUs - length));
  return { fromUs, toUs: Math.round(fromUs + length) };
}

/**
 * @param {TimeWindow} window
 * @param {number} factor below 1 shows less, above 1 shows more
 * @param {number} anchorUs the time that stays where it is on the screen
 * @param {number} durationUs
 * @returns {TimeWindow}
 */
export function zoom(window, factor, anchorUs, durationUs) {
  const length = Math.min(Math.max(span(window) * factor, Math.min(MIN_SPAN_US, durationUs)), durationUs);
  const share = (anchorUs - window.fromUs) / span(window);
  const fromUs = anchorUs - share * length;
  return clamp({ fromUs, toUs: fromUs + length }, durationUs);
}

/** @param {TimeWindow} window @param {number} byUs @param {number} durationUs @returns {TimeWindow} */
export const pan = (window, byUs, durationUs) =>
  clamp({ fromUs: window.fromUs + byUs, toUs: window.toUs + byUs }, durationUs);

/**
 * Turn the page when the playhead leaves the window; the same window while it is inside.
 * @param {TimeWindow} window
 * @param {number} us
 * @param {number} durationUs
 */
export function follow(window, us, durationUs) {
  const length = span(window);
  if (us >= window.fromUs && us <= window.fromUs + length * 0.95) return window;
  if (us > window.toUs - length * 0.05 && window.toUs >= durationUs && us <= window.toUs) return window;
  return clamp({ fromUs: us - length * 0.1, toUs: us + length * 0.9 }, durationUs);
}

/**
 * A window around an event, with as much again on both sides.
 * @param {{onset_us: number, offset_us: number}} event
 * @param {number} durationUs
 */
export function around(event, durationUs) {
  const length = Math.max(event.offset_us - event.onset_us, MIN_SPAN_US);
  return clamp({ fromUs: event.onset_us - length, toUs: event.offset_us + length }, durationUs);
}

/** Move the window just far enough that an event is in view. @param {TimeWindow} window @param {{onset_us: number, offset_us: number}} event @param {number} durationUs */
export function reveal(window, event, durationUs) {
  if (event.onset_us >= window.fromUs && event.offset_us <= window.toUs) return window;
  if (event.offset_us - event.onset_us > span(window)) return around(event, durationUs);
  const middle = (event.onset_us + event.offset_us) / 2;
  return clamp({ fromUs: middle - span(window) / 2, toUs: middle + span(window) / 2 }, durationUs);
}

const STEPS_US = [
  1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 1.5e7, 3e7, 6e7, 1.2e8, 3e8, 6e8, 9e8, 1.8e9, 3.6e9, 7.2e9,
];

/**
 * Marks of a ruler: as many as fit with a label of about 80 pixels each.
 * @param {TimeWindow} window
 * @param {number} width pixels
 * @returns {{us: number, label: string}[]}
 */
export function ticks(window, width) {
  const wish = (span(window) / Math.max(width, 1)) * 84;
  const step = STEPS_US.find((candidate) => candidate >= wish) ?? STEPS_US[STEPS_US.length - 1];
  const marks = [];
  for (let us = Math.ceil(window.fromUs / step) * step; us <= window.toUs; us += step) {
    marks.push({ us, label: tickLabel(us, step) });
  }
  return marks;
}

/** @param {number} us @param {number} step */
function tickLabel(us, step) {
  const digits = step >= 1e6 ? 0 : step >= 1e5 ? 1 : 2;
  const seconds = us / 1e6;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = (seconds % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Pixels on each side of an edge of a window in an overview that take hold of it. */
const GRIP = 8;

/** @typedef {"from" | "to" | "inside" | "outside"} Part */

/** Which part of the window lies under a place. @param {number} x @param {number} from pixels @param {number} to pixels @returns {Part} */
export function partAt(x, from, to) {
  const inner = Math.min(GRIP, (to - from) / 4); // a narrow window can still be moved
  if (x >= from - GRIP && x <= from + inner) return "from";
  if (x <= to + GRIP && x >= to - inner) return "to";
  return x > from && x < to ? "inside" : "outside";
}
