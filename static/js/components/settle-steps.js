/** The disagreements as a list, and one of them in full: what A and B said side by side. */
import { element } from "../lib/dom.js";
import { formatDuration, formatTime } from "../lib/time.js";

/**
 * @typedef {import("./settle-lanes.js").Said} Said
 * @typedef {import("./settle-lanes.js").Disputed & {kind: string, words: string, also: string[], code: string, decided: number, note: string,
 *   results: Said[], history: {taken: string, by: string, at: string, note: string}[]}} Step
 */

const SIDES = { both: "both", left: "subject’s left", right: "subject’s right", unilateral: "one side (U)", "": "–" };
export const TAKEN = { a: "A’s taken", b: "B’s taken", both: "Both taken", none: "Neither", third: "A third", "": "Open" };

/** @param {HTMLElement} list @param {Step[]} steps @param {Step | null} current @param {(number: number) => void} onChoose */
export function drawList(list, steps, current, onChoose) {
  const hadFocus = list.contains(document.activeElement);
  list.replaceChildren(...steps.map((step) => {
    const button = element("button", { type: "button", class: "settle__step", id: `step-${step.number}`, "aria-current": step === current ? "step" : null, "data-decided": step.taken !== "" },
      element("span", { class: "settle__number" }, String(step.number)),
      element("span", { class: "mono small" }, formatTime(step.from_us)),
      element("span", {}, step.words),
      element("span", { class: "facs" }, `${step.a?.facs ?? "–"} | ${step.b?.facs ?? "–"}`),
      element("span", { class: "settle__taken" }, `${step.taken ? "✓ " : ""}${TAKEN[/** @type {"a"} */ (step.taken)]}`));
    button.addEventListener("click", () => onChoose(step.number));
    return element("li", {}, button);
  }));
  const now = list.querySelector("[aria-current]");
  if (now instanceof HTMLElement) {
    const up = now.offsetTop - list.offsetTop;
    if (up < list.scrollTop || up + now.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = up - list.clientHeight / 2;
    if (hadFocus) now.focus({ preventScroll: true });
  }
}

/** @param {HTMLElement} body of the table @param {Step} step @param {string[]} coders */
export function drawCompare(body, step, coders) {
  const { a, b } = step;
  const differs = (/** @type {keyof Said} */ name) => a !== null && b !== null && a[name] !== b[name];
  const line = (/** @type {string} */ who, /** @type {Said | null} */ said, /** @type {Said | null} */ other, /** @type {string} */ lane) => {
    if (!said) return element("tr", { "data-lane": lane }, element("th", { scope: "row" }, who), element("td", { colspan: "6", class: "settle__nothing" }, "codes nothing here"));
    const cell = (/** @type {keyof Said} */ name, /** @type {string} */ words, style = "") => {
      const apart = lane !== "result" && differs(name);
      const cellClass = [style, apart ? "settle__differs" : ""].filter(Boolean).join(" ");
      const late = apart && name.endsWith("_us") && other ? gap(Number(said[name]) - Number(other[name])) : "";
      return element("td", { class: cellClass || null }, ...(apart ? [element("span", { class: "settle__apart" }, "≠ ")] : []), words, ...(late ? [element("span", { class: "settle__gap" }, late)] : []));
    };
    return element("tr", { "data-lane": lane }, element("th", { scope: "row" }, who), cell("code", said.facs, "facs"), cell("side", SIDES[/** @type {"both"} */ (said.side)]), cell("intensity", said.intensity || "–"),
      ...["onset_us", "apex_us", "offset_us"].map((name) => cell(/** @type {"onset_us"} */ (name), formatTime(Number(said[/** @type {"onset_us"} */ (name)])).replace(/^00:/, ""), "num mono")));
  };
  body.replaceChildren(line(coders[0], a, b, "a"), line(coders[1], b, a, "b"), ...step.results.map((said) => line("Result", said, null, "result")));
}

/** How much later or earlier than the other coder. @param {number} us */
const gap = (us) => `${us > 0 ? "+" : "−"}${formatDuration(Math.abs(us))}`;

/** What was decided, in a sentence. @param {Step} step */
export function decidedWords(step) {
  const last = step.history[step.history.length - 1];
  if (!last) return "Not decided yet.";
  const when = new Date(last.at).toLocaleString();
  const before = step.history.length > 1 ? ` (decision ${step.history.length})` : "";
  const why = last.note ? ` “${last.note}”` : "";
  return step.taken ? `Decided: ${TAKEN[/** @type {"a"} */ (step.taken)].toLowerCase().replace(/^a’s/, "A’s").replace(/^b’s/, "B’s")}, by ${last.by}, ${when}${before}.${why}` : `Taken back by ${last.by}, ${when}. Not decided.`;
}
