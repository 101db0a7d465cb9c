/** Which marks of the timeline stand alone, and which are too close for that. */

/** @typedef {{us: number, id: string, text: string}} Mark */

/**
 * Marks within the window, those closer than `least` pixels as one.
 * @param {Mark[]} marks by time
 * @param {(us: number) => number} toX
 * @param {{width: number, least: number}} room
 * @returns {{x: number, marks: Mark[]}[]}
 */
export function bundle(marks, toX, { width, least }) {
  /** @type {{x: number, marks: Mark[]}[]} */ const bundles = [];
  for (const mark of marks) {
    const x = toX(mark.us);
    if (x < 0 || x > width) continue;
    const last = bundles.at(-1);
    if (last && x - last.x < least) last.marks.push(mark);
    else bundles.push({ x, marks: [mark] });
  }
  return bundles;
}
