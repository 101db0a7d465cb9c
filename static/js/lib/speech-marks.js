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

/** Two names are one person's whatever their capitals and spaces, as the server has it (`speaking.key`). @param {string} name */
export const key = (name) => name.trim().split(/\s+/).join(" ").toLowerCase();

/**
 * Everybody who speaks or is said to be somebody, in order: who was marked (or heard, while nobody is marked), then who is in the transcript
 * alone, then names that stand nowhere any more.
 * @param {Segment[]} segments @param {Record<string, number>} written lines by name @param {Record<string, unknown>} faces
 * @returns {{name: string, stretches: number, lines: number}[]}
 */
export function people(segments, written, faces) {
  /** @type {Map<string, {name: string, stretches: number, lines: number}>} */
  const found = new Map();
  const one = (/** @type {string} */ name) => {
    if (!found.has(key(name))) found.set(key(name), { name, stretches: 0, lines: 0 });
    return /** @type {{name: string, stretches: number, lines: number}} */ (found.get(key(name)));
  };
  for (const { speaker } of segments) one(speaker).stretches += 1;
  for (const [name, lines] of Object.entries(written)) one(name).lines += lines;
  for (const name of Object.keys(faces)) one(name);
  return [...found.values()];
}

/** What is said of a name. @template T @param {Record<string, T>} faces @param {string} name @returns {T | undefined} */
export const saidOf = (faces, name) => Object.entries(faces).find(([other]) => key(other) === key(name))?.[1];

/** The same with this said of a name; undefined takes it back. @template T @param {Record<string, T>} faces @param {string} name @param {T | undefined} said @returns {Record<string, T>} */
export function say(faces, name, said) {
  const others = Object.entries(faces).filter(([other]) => key(other) !== key(name));
  return Object.fromEntries([...others, ...(said === undefined ? [] : [/** @type {[string, T]} */ ([name, said])])]);
}

/** What is said after a stretch got another name: it goes along when the old name is nowhere any more. @template T @param {Record<string, T>} faces @param {string} from @param {string} to @param {Segment[]} segments as they are now @param {Record<string, number>} written @returns {Record<string, T>} */
export function followed(faces, from, to, segments, written) {
  const stays = [...names(segments), ...Object.keys(written)].some((name) => key(name) === key(from));
  const said = saidOf(faces, from);
  if (stays || said === undefined) return faces;
  return say(say(faces, from, undefined), to, saidOf(faces, to) ?? said);
}
