/**
 * Units of a transcript: what can be done to them, as functions that change nothing and return a new list. Times are integer microseconds of
 * media time or null. The server checks the same rules (facsweb/transcripts/values.py).
 */
import { formatTime } from "./time.js";

/**
 * @typedef {object} Unit
 * @property {number} key of this page alone
 * @property {number | null} start
 * @property {number | null} end
 * @property {string} speaker
 * @property {string} text
 *
 * @typedef {object} Problem
 * @property {number} index
 * @property {"start" | "end" | "text" | "speaker"} field
 * @property {string} message
 *
 * @typedef {object} Place where the caret goes
 * @property {number} key
 * @property {number} caret
 *
 * @typedef {{units: Unit[], place: Place | null}} Result
 */

const LONGEST_SPEAKER = 80;
let keys = 0;

/** @param {Partial<Unit>} [values] @returns {Unit} */
export const makeUnit = (values = {}) => ({ start: null, end: null, speaker: "", text: "", ...values, key: (keys += 1) });

/** @param {[number | null, number | null, string, string][]} rows as the server stores them */
export const fromRows = (rows) => rows.map(([start, end, speaker, text]) => makeUnit({ start, end, speaker, text }));

/** @param {Unit[]} units */
export const toRows = (units) => units.map(({ start, end, speaker, text }) => [start, end, speaker, text]);

/** @param {Unit[]} units @param {number} index @param {number} remove @param {...Unit} put */
function spliced(units, index, remove, ...put) {
  const copy = units.slice();
  copy.splice(index, remove, ...put);
  return copy;
}

/** @param {Unit[]} units @param {number} index @param {Partial<Unit>} values @returns {Unit[]} */
export const changed = (units, index, values) => spliced(units, index, 1, { ...units[index], ...values });

/** Whether a time lies inside of a unit, away from its ends. @param {Unit} unit @param {number | null} us @returns {us is number} */
const inside = ({ start, end }, us) => us !== null && start !== null && us > start && (end === null || us < end);

/**
 * Cut a unit at the caret. Its second half begins at the playhead where that stands inside of the unit; otherwise where the caret stands in the
 * text, which is a guess by length.
 * @param {Unit[]} units @param {number} index @param {number} caret @param {number | null} nowUs @returns {Result}
 */
export function split(units, index, caret, nowUs) {
  const unit = units[index];
  const [head, tail] = [unit.text.slice(0, caret).trimEnd(), unit.text.slice(caret).trimStart()];
  const share = unit.text.length ? caret / unit.text.length : 1;
  let at = null;
  if (inside(unit, nowUs)) at = nowUs;
  else if (unit.start !== null && unit.end !== null) at = Math.round(unit.start + (unit.end - unit.start) * Math.min(Math.max(share, 0.05), 0.95));
  const second = makeUnit({ start: at, end: at === null ? null : unit.end, speaker: unit.speaker, text: tail });
  const first = { ...unit, text: head, end: at ?? unit.end };
  return { units: spliced(units, index, 1, first, second), place: { key: second.key, caret: 0 } };
}

/**
 * End a unit and start the next, as Enter does while typing: both at the playhead where that is possible.
 * @param {Unit[]} units @param {number} index @param {number} caret @param {number | null} nowUs @returns {Result}
 */
export function next(units, index, caret, nowUs) {
  const unit = units[index];
  if (unit.text.slice(caret).trim()) return split(units, index, caret, nowUs);
  const limit = units.slice(index + 1).find(({ start }) => start !== null)?.start ?? Infinity;
  const free = nowUs !== null && nowUs < limit;
  const first = { ...unit };
  if (free && unit.start !== null && nowUs > unit.start && (unit.end === null || nowUs < unit.end)) first.end = nowUs;
  const start = nowUs !== null && free && nowUs >= (first.end ?? first.start ?? 0) ? nowUs : first.end;
  const second = makeUnit({ start: start !== null && start < limit ? start : null, speaker: unit.speaker });
  return { units: spliced(units, index, 1, first, second), place: { key: second.key, caret: 0 } };
}

/** An empty unit behind another, or the first one. @param {Unit[]} units @param {number} index -1 for the beginning @param {number | null} nowUs @returns {Result} */
export function add(units, index, nowUs) {
  if (index >= 0) {
    const before = units[index];
    const { units: all, place } = next(units, index, before.text.length, nowUs !== null && nowUs >= (before.end ?? before.start ?? 0) ? nowUs : null);
    return { units: changed(all, index, { end: before.end }), place };
  }
  const first = units.find(({ start }) => start !== null)?.start ?? Infinity;
  const unit = makeUnit({ start: nowUs !== null && nowUs <= first ? nowUs : null });
  return { units: [unit, ...units], place: { key: unit.key, caret: 0 } };
}

/** Join a unit with the one behind it; the first speaker stays. @param {Unit[]} units @param {number} index @returns {Result} */
export function join(units, index) {
  const [first, second] = [units[index], units[index + 1]];
  if (!second) return { units, place: null };
  const between = first.text && second.text ? " " : "";
  const start = first.start ?? second.start;
  const one = { ...first, start, end: start === null ? null : second.end ?? first.end, text: first.text + between + second.text, speaker: first.speaker || second.speaker };
  return { units: spliced(units, index, 2, one), place: { key: one.key, caret: first.text.length + between.length } };
}

/** @param {Unit[]} units @param {number} index @returns {Result} */
export function remove(units, index) {
  const left = spliced(units, index, 1);
  const neighbour = left[index] ?? left[index - 1];
  return { units: left, place: neighbour ? { key: neighbour.key, caret: left[index] ? 0 : neighbour.text.length } : null };
}

/** Give a name to whoever has another, in the whole text. @param {Unit[]} units @param {string} from @param {string} to */
export const renamed = (units, from, to) => units.map((unit) => (unit.speaker === from ? { ...unit, speaker: to } : unit));

/** Who speaks, by the alphabet. @param {Unit[]} units */
export const speakers = (units) => [...new Set(units.map(({ speaker }) => speaker.trim()).filter(Boolean))].sort((a, b) => a.localeCompare(b));

/**
 * The unit that is said at a time: of those that have begun and not ended, the one that began last. One without an end lasts until the next
 * begins.
 * @param {Unit[]} units @param {number} us @returns {number} its index; -1 for none
 */
export function at(units, us) {
  let next = Infinity;
  for (let index = units.length - 1; index >= 0; index -= 1) {
    const { start, end } = units[index];
    if (start === null) continue;
    if (start <= us && us < (end ?? next)) return index;
    next = start;
  }
  return -1;
}

/**
 * What keeps the units from being stored.
 * @param {Unit[]} units @param {{durationUs: number | null, longest: number}} limits @returns {Problem[]}
 */
export function problems(units, { durationUs, longest }) {
  /** @type {Problem[]} */ const found = [];
  const last = durationUs ?? 24 * 3_600_000_000;
  let latest = 0;
  units.forEach(({ start, end, speaker, text }, index) => {
    const say = (/** @type {Problem["field"]} */ field, /** @type {string} */ message) => found.push({ index, field, message });
    if (text.trim().length > longest) say("text", `It has ${text.trim().length} characters; at most ${longest} are stored. Split it.`);
    if (speaker.trim().length > LONGEST_SPEAKER) say("speaker", `A speaker’s name has at most ${LONGEST_SPEAKER} characters.`);
    if (start === null) {
      if (end !== null) say("start", "It has an end and no start. Set the start, or take the end away.");
      return;
    }
    if (start < 0 || start > last) say("start", `It starts outside of the recording, which ends at ${formatTime(last)}.`);
    else if (start < latest) say("start", `It starts before a unit above it, which starts at ${formatTime(latest)}.`);
    if (end !== null && end <= start) say("end", "It ends before it starts.");
    else if (end !== null && end > last) say("end", `It ends after the recording, which ends at ${formatTime(last)}.`);
    latest = Math.max(latest, start);
  });
  return found;
}
