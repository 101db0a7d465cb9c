/**
 * The stretches of a recording that a coder was given.
 * @typedef {[number, number]} Span from, to in microseconds
 */

/** What lies between and around the stretches; nothing when there are none, because then all is to be coded. @param {Span[]} spans @param {number} durationUs @returns {Span[]} */
export function outside(spans, durationUs) {
  if (!spans.length) return [];
  /** @type {Span[]} */ const found = [];
  let end = 0;
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    if (from > end) found.push([end, from]);
    end = Math.max(end, to);
  }
  if (end < durationUs) found.push([end, durationUs]);
  return found;
}

/** Events that lie at least partly in the stretches. @template {{onset_us: number, offset_us: number}} T @param {T[]} events @param {Span[]} spans @returns {T[]} */
export const inside = (events, spans) => (spans.length ? events.filter(({ onset_us, offset_us }) => spans.some(([from, to]) => onset_us < to && offset_us >= from)) : events);
