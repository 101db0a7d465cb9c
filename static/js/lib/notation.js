/**
 * FACS notation typed by a person: `1+L2+12B` to units, with everything that is wrong with it. The grammar and its sentences are those of
 * `analysis/facs/notation.py`; tests/notation_cases.json holds both to the same.
 */
import { LETTERS } from "./facs.js";

/**
 * @typedef {import("./facs.js").Code} Code
 * @typedef {{code: string, prefix: string, intensity: string}} Unit
 * @typedef {{units: Unit[], errors: string[]}} Reading
 */

const PREFIXES = "ULRTBAVWXYZGHIJKM";
const UNILATERAL = "ULR";
const SIDES = { L: "left", R: "right", U: "unilateral" };
const PAIRS = ["LR", "RL", "TB", "BT"];
const MOVED = new Set(["head", "eyes"]);
/** Codes that are a movement: one frame cannot show them. */
const MOVEMENTS = new Set(["45", "46"]);
const LONGEST_BLINK_US = 500_000;

/** @param {Unit} unit */
export const written = ({ code, prefix, intensity }) => `${prefix}${code}${intensity}`;

/** @param {Unit} unit @param {Code} entry */
export const sideOf = ({ prefix }, entry) => SIDES[/** @type {"L"} */ (prefix)] ?? (entry.sided ? "both" : "");

/** What a prefix says that an event has no place for; empty for sides. @param {Unit} unit */
export function unkept({ prefix }) {
  if (!prefix || UNILATERAL.includes(prefix)) return "";
  if (prefix === "T") return "top lip";
  if (prefix === "B") return "bottom lip";
  if (prefix === "A") return "asymmetric";
  if (prefix === "M") return "movement";
  return "VWXYZ".includes(prefix) ? "stronger on the left" : "stronger on the right";
}

/** @param {Unit} unit @param {Map<string, Code>} codes @returns {string} what is wrong, empty for nothing */
function fault({ code, prefix, intensity }, codes) {
  const entry = codes.get(code);
  if (!entry) return `'${code}' is not a FACS code.`;
  const name = `${code} (${entry.name.toLowerCase()})`;
  if (prefix && (prefix.length !== 1 || !PREFIXES.includes(prefix))) return `'${prefix}' before ${code} is not a FACS prefix.`;
  if (prefix && code.startsWith("M")) return `${code} is a movement code already and takes no prefix.`;
  if (prefix === "M" && !MOVED.has(entry.group)) return `M (movement) does not go with ${code}, only with head and eye codes.`;
  if (prefix && UNILATERAL.includes(prefix) && !entry.sided) return `${name} has no side, so ${prefix} cannot go with it.`;
  if (intensity && (intensity.length !== 1 || !LETTERS.includes(intensity))) return `'${intensity}' after ${code} is not an intensity; use one of A to E.`;
  return intensity && !entry.graded ? `${name} is scored without an intensity.` : "";
}

/** @param {string} token @param {Map<string, Code>} codes @returns {Unit | string} a sentence where it is none */
function read(token, codes) {
  const found = /^([A-Z]*)(\d+)([A-Z]*)$/.exec(token.toUpperCase().replace(/^AU/, "").trim());
  if (!found) return `'${token}' is not a code; write a number with an optional letter before and after, like L12B.`;
  const unit = { code: found[2].replace(/^0+/, ""), prefix: found[1], intensity: found[3] };
  if (unit.prefix === "M" && codes.has(`M${unit.code}`)) Object.assign(unit, { code: `M${unit.code}`, prefix: "" });
  return fault(unit, codes) || unit;
}

/** @param {Unit} unit @param {Unit[]} seen @param {Map<string, Code>} codes */
function clash(unit, seen, codes) {
  for (const other of seen) {
    const apart = PAIRS.includes(other.prefix + unit.prefix);
    if (unit.code === other.code && !apart) return `${unit.code} is scored twice (${written(other)} and ${written(unit)}).`;
    if (codes.get(other.code)?.exclusiveWith.includes(unit.code) && !apart) return `${other.code} and ${unit.code} exclude each other.`;
  }
  return "";
}

/**
 * Read a combination. The first error is the one that the server would name.
 * @param {string} text
 * @param {Map<string, Code>} codes
 * @returns {Reading} units that are right in themselves, in the order written
 */
export function parse(text, codes) {
  /** @type {Reading} */
  const reading = { units: [], errors: [] };
  if (!text.trim()) return reading;
  for (const token of text.split("+")) {
    const unit = read(token.trim(), codes);
    const wrong = typeof unit === "string" ? unit : clash(unit, reading.units, codes);
    if (wrong) reading.errors.push(wrong);
    if (typeof unit !== "string" && !wrong) reading.units.push(unit);
  }
  return reading;
}

/** Text while it is typed: a `+` at its end is not yet a mistake. @param {string} text */
export const settled = (text) => text.replace(/\s*\+\s*$/, "");

/**
 * What FACS has to say about units at a time, beyond their notation.
 * @param {Unit[]} units
 * @param {{still: boolean, rangeUs: number | null}} when `still`: one frame only; `rangeUs`: how long they are to last, where a person said so
 * @returns {{errors: string[], warnings: string[]}}
 */
export function timing(units, { still, rangeUs }) {
  /** @type {{errors: string[], warnings: string[]}} */
  const said = { errors: [], warnings: [] };
  for (const { code } of units) {
    if (still && MOVEMENTS.has(code)) {
      said.errors.push(`${code} (${code === "45" ? "blink" : "wink"}) is a movement and cannot be scored in a still; closed eyes are 43.`);
    } else if (code === "45" && rangeUs !== null && rangeUs > LONGEST_BLINK_US) {
      said.warnings.push("Closing longer than half a second is 43E, not 45.");
    }
  }
  return said;
}

/** How long an event that nobody gave a length lasts: a blink not longer than a blink is. @param {string} code @param {number} lengthUs */
export const lengthOf = (code, lengthUs) => (MOVEMENTS.has(code) ? Math.min(lengthUs, LONGEST_BLINK_US) : lengthUs);
