/**
 * The FACS catalogue as the page got it, and the notation of what is on a face at one moment: `1+2+L12C`.
 */

/**
 * @typedef {object} Code
 * @property {string} code
 * @property {string} name
 * @property {string} group upper_face, lower_face, miscellaneous, head, eyes, visibility or gross
 * @property {boolean} sided
 * @property {boolean} graded takes an intensity A–E
 * @property {string} tier
 * @property {boolean} [micro] its short events can be micro-expressions
 * @property {string[]} exclusiveWith
 * @property {string[]} needs parts of the face that must be seen
 * @property {string} description
 *
 * @typedef {object} Content
 * @property {string} code
 * @property {string} side both, left, right (the subject’s), unilateral (one side, not said which), or empty
 * @property {string} intensity A–E or empty
 * @property {number} onset_us
 * @property {number} apex_us
 * @property {number} offset_us
 * @property {number} face
 * @property {string} note
 */

export const LETTERS = "ABCDE";
export const LETTER_NAMES = { A: "trace", B: "slight", C: "marked or pronounced", D: "severe or extreme", E: "maximum" };
export const GROUP_NAMES = {
  upper_face: "Upper face", lower_face: "Lower face", miscellaneous: "Miscellaneous", head: "Head", eyes: "Eyes",
  visibility: "Visibility", gross: "Gross behaviour",
};
const PREFIX = { left: "L", right: "R", unilateral: "U", both: "", "": "" };

export class Catalogue {
  /** @param {Code[]} codes in display order */
  constructor(codes) {
    this.codes = codes;
    this.byCode = new Map(codes.map((code) => [code.code, code]));
    this.order = new Map(codes.map((code, index) => [code.code, index]));
  }

  /** @param {string} code @returns {Code} */
  get(code) {
    const found = this.byCode.get(code);
    if (!found) throw new RangeError(`${code} is not in the catalogue.`);
    return found;
  }

  /** The content with a side and an intensity that its code can have. @param {Content} content @returns {Content} */
  fit(content) {
    const { sided, graded } = this.get(content.code);
    return { ...content, side: sided ? content.side || "both" : "", intensity: graded ? content.intensity : "" };
  }

  /**
   * Events whose codes FACS does not score together with this one at the same time.
   * @template {Content} T
   * @param {Content} event
   * @param {Iterable<T>} others
   * @returns {T[]}
   */
  exclusive(event, others) {
    const { exclusiveWith } = this.get(event.code);
    if (!exclusiveWith.length) return [];
    return [...others].filter((other) =>
      exclusiveWith.includes(other.code) && other.face === event.face &&
      other.onset_us < event.offset_us && event.onset_us < other.offset_us &&
      !(event.side !== other.side && isUnilateral(event.side) && isUnilateral(other.side)));
  }
}

/** @param {string} side */
const isUnilateral = (side) => side === "left" || side === "right";

/** One event in FACS notation: `L12C`. @param {Pick<Content, "code" | "side" | "intensity">} event */
export const unit = ({ code, side, intensity }) => `${PREFIX[/** @type {"left"} */ (side)] ?? ""}${code}${intensity}`;

/** Whether an event is on at a time: from its onset until just before its offset. @param {Content} event @param {number} us */
export const isOn = (event, us) => event.onset_us <= us && (us < event.offset_us || us === event.onset_us);

/**
 * What is on the face at a time, in ascending order of the codes: `1+2+L12C`. A code scored twice on the same side is written once,
 * with its stronger intensity.
 * @param {Iterable<Content>} events
 * @param {number} us
 * @returns {string} empty when nothing is on
 */
export function notation(events, us) {
  /** @type {Map<string, Content>} */
  const found = new Map();
  for (const event of events) {
    if (!isOn(event, us)) continue;
    const key = `${event.code}|${event.side}`;
    const former = found.get(key);
    if (!former || event.intensity > former.intensity) found.set(key, event);
  }
  return [...found.values()].sort(compare).map(unit).join("+");
}

/** @param {Content} a @param {Content} b */
function compare(a, b) {
  const number = (/** @type {string} */ code) => Number(code.replace(/^M/, ""));
  return number(a.code) - number(b.code) || Number(a.code.startsWith("M")) - Number(b.code.startsWith("M")) ||
    a.side.localeCompare(b.side);
}

/** The letter of an intensity 0–5, as the analysis writes it. @param {number} value */
export const letterOf = (value) => (value > 0 ? LETTERS[Math.min(Math.ceil(value), 5) - 1] : "");
