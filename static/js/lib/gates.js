/**
 * Why a curve has a hole: the reasons that the analysis gave for leaving something out, and which Action Units each one concerns.
 * @typedef {[number, number, string]} Gate from, to (microseconds, not included), reasons joined by ";"
 * @typedef {{code: string, sided: boolean, needs?: string[]}} Unit
 */

/** One reason of part of a face: `occluded:mouth`, `cut:chin`, `turned:left`. @param {string} reason @param {Unit} unit */
function concerns(reason, { sided, needs = [] }) {
  const [kind, part] = reason.split(":");
  if (part === undefined) return true; // the whole face
  return kind === "turned" ? sided : needs.includes(part);
}

/**
 * The reasons at one moment for which a unit, or one of its sides, is not scored.
 * @param {Gate[]} gates ascending
 * @param {Unit} unit
 * @param {number} us
 * @returns {string[]}
 */
export function reasonsAt(gates, unit, us) {
  const gate = gates.find(([from, to]) => from <= us && us < to);
  return gate ? gate[2].split(";").filter((reason) => concerns(reason, unit)) : [];
}

/**
 * The stretches that concern a unit, neighbours joined.
 * @param {Gate[]} gates ascending
 * @param {Unit} unit
 * @returns {[number, number][]}
 */
export function holes(gates, unit) {
  /** @type {[number, number][]} */
  const found = [];
  for (const [from, to, text] of gates) {
    if (!text.split(";").some((reason) => concerns(reason, unit))) continue;
    const last = found.at(-1);
    if (last && last[1] === from) last[1] = to;
    else found.push([from, to]);
  }
  return found;
}

/**
 * A sentence for a person; empty without reasons.
 * @param {string[]} reasons
 * @param {Record<string, string>} words
 * @param {boolean} [partly] the unit has a figure all the same, from its other side
 */
export function sayWhy(reasons, words, partly = false) {
  if (!reasons.length) return "";
  const said = reasons.map((reason) => words[reason] ?? reason).join(", ");
  return `${partly ? "One side only" : "Not scored"}: ${said}`;
}
