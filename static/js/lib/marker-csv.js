/** Markers from a table that somebody pasted or chose: name, kind, start, end; separated by commas, semicolons or tabs, with or without a heading. */
import { formatTime, parseTime } from "./time.js";

export const KINDS = ["task", "question", "scene"];
const COLUMNS = ["name", "kind", "start", "end"];
const LONGEST_NAME = 120;

/**
 * @typedef {{name: string, kind: string, start_us: number, end_us: number | null}} Row
 * @typedef {{line: number, why: string}} Problem `line` as an editor counts them
 */

/** Cells of a table; quotes protect separators, line ends and doubled quotes. @param {string} text @param {string} separator @returns {{line: number, cells: string[]}[]} */
function cellsOf(text, separator) {
  const rows = [];
  let cells = [""];
  let quoted = false;
  let line = 1;
  let first = 1;
  const end = () => {
    if (cells.some((cell) => cell.trim())) rows.push({ line: first, cells: cells.map((cell) => cell.trim()) });
    cells = [""];
  };
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === "\n") line += 1;
    if (quoted && sign === '"' && text[at + 1] === '"') {
      cells[cells.length - 1] += '"';
      at += 1;
    } else if (sign === '"' && (quoted || !cells[cells.length - 1].trim())) quoted = !quoted;
    else if (!quoted && sign === separator) cells.push("");
    else if (!quoted && sign === "\n") {
      end();
      first = line;
    } else cells[cells.length - 1] += sign;
  }
  end();
  return rows;
}

/** What separates the cells: what the first line has most of. @param {string} text */
function separatorOf(text) {
  const line = text.split("\n").find((one) => one.trim()) ?? "";
  const count = (/** @type {string} */ sign) => line.split(sign).length;
  return ["\t", ";", ","].reduce((best, sign) => (count(sign) > count(best) ? sign : best), ",");
}

/**
 * @param {string} text
 * @param {number} durationUs of the recording
 * @returns {{rows: Row[], problems: Problem[]}}
 */
export function readMarkers(text, durationUs) {
  const clean = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const table = cellsOf(clean, separatorOf(clean));
  const heading = table.length > 0 && table[0].cells.some((cell) => cell.toLowerCase() === "name") && table[0].cells.some((cell) => cell.toLowerCase() === "start");
  const order = heading ? table[0].cells.map((cell) => cell.toLowerCase()) : COLUMNS;
  /** @type {Row[]} */ const rows = [];
  /** @type {Problem[]} */ const problems = [];
  for (const { line, cells } of heading ? table.slice(1) : table) {
    const cell = (/** @type {string} */ name) => cells[order.indexOf(name)] ?? "";
    const row = { name: cell("name"), kind: cell("kind").toLowerCase(), start_us: parseTime(cell("start")), end_us: cell("end") ? parseTime(cell("end")) : null };
    const why = whyWrong(row, durationUs);
    if (why) problems.push({ line, why });
    else rows.push(row);
  }
  return { rows, problems };
}

/** Why a marker cannot be stored; empty where it can. @param {Row} row @param {number} durationUs */
export function whyWrong({ name, kind, start_us, end_us }, durationUs) {
  const until = `The recording ends at ${formatTime(durationUs)}.`;
  if (!name.trim()) return "A marker needs a name.";
  if (name.trim().length > LONGEST_NAME) return `A name has at most ${LONGEST_NAME} characters.`;
  if (!KINDS.includes(kind)) return `The kind is one of ${KINDS.join(", ")}${kind ? `, not “${kind}”` : ""}.`;
  if (!Number.isFinite(start_us)) return "Write the start as minutes, seconds and thousandths, such as 3:12.480.";
  if (start_us >= durationUs) return `The start lies behind the end of the recording. ${until}`;
  if (end_us === null) return "";
  if (!Number.isFinite(end_us)) return "Write the end as minutes, seconds and thousandths, such as 3:12.480, or leave it empty.";
  if (end_us <= start_us) return "The end must be behind the start.";
  return end_us > durationUs ? `The end lies outside the recording. ${until}` : "";
}
