/**
 * Who speaks when: stretches in order of time that do not overlap. Nothing here changes a list; each function gives another one.
 * @typedef {{start_us: number, end_us: number, speaker: string}} Segment
 */

/** Shortest stretch that is left over by a cut, microseconds; what is shorter goes. */
export const SHORTEST_US = 20_000;

/** @param {Segment[]} segments */
const ordered = (segments) => segments.filter(({ start_us, end_us }) => end_us - start_us >= SHORTEST_US).sort((a, b) => a.start_us - b.start_us);

/** The stretch at a moment; -1 where nobody speaks. @param {Segment[]} segments @param {number} us */
export const at = (segments, us) => segments.findIndex(({ start_us, end_us }) => start_us <= us && us < end_us);

/** Names in the order in which they begin to speak. @param {Segment[]} segments */
export const names = (segments) => [...new Set(segments.map(({ speaker }) => speaker))];

/** Somebody speaks from here to there, whatever was marked there. @param {Segment[]} segments @param {Segment} added */
export function put(segments, added) {
  const left = segments.flatMap((one) => [
    { ...one, end_us: Math.min(one.end_us, added.start_us) },
    { ...one, start_us: Math.max(one.start_us, added.end_us) },
  ]);
  return ordered([...left, added]);
}

/** Two stretches where one was; null where there is none, or too little would be left of it. @param {Segment[]} segments @param {number} us */
export function split(segments, us) {
  const index = at(segments, us);
  const one = segments[index];
  if (!one || us - one.start_us < SHORTEST_US || one.end_us - us < SHORTEST_US) return null;
  return segments.toSpliced(index, 1, { ...one, end_us: us }, { ...one, start_us: us });
}

/** One stretch of two, from the first one's beginning to the second one's end, with the first one's speaker. @param {Segment[]} segments @param {number} index */
export function joined(segments, index) {
  const [first, second] = [segments[index], segments[index + 1]];
  return second ? segments.toSpliced(index, 2, { ...first, end_us: second.end_us }) : segments;
}

/** @param {Segment[]} segments @param {number} index @param {string} speaker */
export const renamed = (segments, index, speaker) => segments.with(index, { ...segments[index], speaker });

/** @param {Segment[]} segments @param {number} index */
export const without = (segments, index) => segments.toSpliced(index, 1);
