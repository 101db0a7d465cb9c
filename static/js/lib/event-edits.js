/**
 * Events made out of events: cut, joined, copied. Nothing is stored here; the answers say what to change and what to create.
 * @typedef {import("./facs.js").Content} Content
 * @typedef {import("./event-store.js").EventState} EventState
 */
import { LETTERS } from "./facs.js";

/** @param {Content} event @returns {Content} */
export const contentOf = ({ code, side, intensity, onset_us, apex_us, offset_us, face, note }) => ({ code, side, intensity, onset_us, apex_us, offset_us, face, note });

/**
 * Cut an event in two that touch. The apex stays in its part; the other part's is as near to it as can be.
 * @param {EventState} event @param {number} us
 * @returns {{first: Pick<Content, "offset_us" | "apex_us">, second: Content} | null} null when the cut is not inside of the event
 */
export function split(event, us) {
  if (us <= event.onset_us || us >= event.offset_us) return null;
  return {
    first: { apex_us: Math.min(event.apex_us, us), offset_us: us },
    second: { ...contentOf(event), onset_us: us, apex_us: Math.max(event.apex_us, us) },
  };
}

/**
 * The event that this one can be joined with: of the same code and face, the one that overlaps it or else the next; the same side first.
 * @param {EventState} event @param {EventState[]} standing
 */
export function partner(event, standing) {
  const others = standing.filter((other) => other.id !== event.id && other.code === event.code && other.face === event.face && other.offset_us >= event.onset_us &&
    (other.onset_us > event.onset_us || other.onset_us < event.offset_us || other.onset_us === event.onset_us));
  const far = (/** @type {EventState} */ other) => [other.onset_us <= event.offset_us ? 0 : other.onset_us - event.offset_us, Number(other.side !== event.side), other.onset_us];
  return others.sort((a, b) => {
    const [x, y] = [far(a), far(b)];
    return x[0] - y[0] || x[1] - y[1] || x[2] - y[2];
  })[0] ?? null;
}

/** Both sides from two; what is the same stays. @param {string} a @param {string} b */
function sides(a, b) {
  if (a === b) return a;
  return a === "unilateral" && b !== "both" ? b : b === "unilateral" && a !== "both" ? a : "both";
}

/** What one event says that lasts as long as both; the stronger one's apex and intensity. @param {EventState} a @param {EventState} b @returns {Partial<Content>} */
export function merged(a, b) {
  const strength = (/** @type {EventState} */ event) => LETTERS.indexOf(event.intensity);
  const stronger = strength(b) > strength(a) ? b : a;
  return {
    side: sides(a.side, b.side), intensity: stronger.intensity, apex_us: stronger.apex_us,
    onset_us: Math.min(a.onset_us, b.onset_us), offset_us: Math.max(a.offset_us, b.offset_us),
    note: [...new Set([a.note, b.note].filter(Boolean))].join(" · ").slice(0, 500),
  };
}

/**
 * Times cut to the recording and to the stretch that is to be coded.
 * @param {number} onset @param {number} offset @param {{spans: [number, number][], endUs: number}} within
 * @returns {[number, number] | null} null where the onset lies outside of every stretch
 */
export function clip(onset, offset, { spans, endUs }) {
  if (!spans.length) return onset > endUs ? null : [onset, Math.min(offset, endUs)];
  const span = spans.find(([from, to]) => from <= onset && onset < to);
  return span ? [onset, Math.min(offset, span[1], endUs)] : null;
}
