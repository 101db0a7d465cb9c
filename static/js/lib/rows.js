/**
 * The timeline's rows: which codes have one, where in it the heat and the bars stand, and which bar is under the pointer.
 * @typedef {import("./event-store.js").EventState} EventState
 * @typedef {import("./time-window.js").TimeWindow} TimeWindow
 * @typedef {{top: number, height: number}} Lane pixels within a row
 * @typedef {"onset_us" | "apex_us" | "offset_us"} Edge
 */
import { toX } from "./time-window.js";

export const ROW = 30;
export const HEAT = { top: 3, height: 10 };
/** Both layers, or the machine's alone. @type {Record<string, {machine: Lane, mine: Lane | null}>} */
export const LANES = {
  both: { machine: { top: 15, height: 4 }, mine: { top: 19, height: 10 } },
  machine: { machine: { top: 16, height: 11 }, mine: null },
};
/** Pixels on each side of an edge that still take hold of it. */
export const GRIP = 5;

/**
 * Codes that get a row, in FACS order.
 * @param {"data" | "events" | "all"} choice
 * @param {import("./facs.js").Catalogue} catalogue
 * @param {{data: Iterable<string>, events: Iterable<string>}} present codes with a signal, codes with an event
 * @returns {string[]}
 */
export function chooseRows(choice, catalogue, { data, events }) {
  const wanted = new Set(events);
  if (choice !== "events") for (const code of data) wanted.add(code);
  if (choice === "all") {
    for (const { code } of catalogue.codes) if (isActionUnit(code)) wanted.add(code);
  }
  return catalogue.codes.map(({ code }) => code).filter((code) => wanted.has(code));
}

/** The 44 Action Units: 1, 2, 4–28, 29–39, 41–46. @param {string} code */
export function isActionUnit(code) {
  const number = Number(code);
  return Number.isInteger(number) && number >= 1 && number <= 46 && number !== 3 && number !== 40;
}

/** @typedef {{event: EventState, machine: boolean, edge: Edge | null}} Hit */

/**
 * What lies under a point of the rows.
 * @param {{x: number, y: number, width: number, window: TimeWindow, rows: string[], lanes: {machine: Lane, mine: Lane | null},
 *   mine: EventState[], machine: EventState[], selected: string | null}} scene
 *   `selected`: id of the event whose edges can be taken hold of
 * @returns {Hit | null}
 */
export function hit({ x, y, width, window, rows, lanes, mine, machine, selected }) {
  const code = rows[Math.floor(y / ROW)];
  if (code === undefined) return null;
  const within = y % ROW;
  const held = mine.find((event) => event.id === selected && event.code === code);
  if (held && within >= HEAT.top + HEAT.height) {
    const edge = edgeAt(held, x, window, width);
    if (edge) return { event: held, machine: false, edge };
  }
  const under = (/** @type {EventState[]} */ events) => shortest(events.filter((event) => {
    if (event.code !== code || event.deleted) return false;
    const from = toX(window, event.onset_us, width) - 2;
    return x >= from && x <= Math.max(toX(window, event.offset_us, width), from + 4) + 2;
  }));
  const own = lanes.mine && isIn(within, lanes.mine) ? under(mine) : undefined;
  if (own) return { event: own, machine: false, edge: null };
  const proposed = isIn(within, lanes.machine) ? under(machine) : undefined;
  return proposed ? { event: proposed, machine: true, edge: null } : null;
}

/** @param {EventState[]} events */
const shortest = (events) => events.reduce((/** @type {EventState | undefined} */ best, event) => (best && length(best) <= length(event) ? best : event), undefined);

/** @param {number} y @param {Lane} lane */
const isIn = (y, lane) => y >= lane.top - 1 && y <= lane.top + lane.height + 1;

/** @param {EventState} event */
const length = (event) => event.offset_us - event.onset_us;

/**
 * The edge of an event near a place; the outer edges win over the apex, so that a short event can always be made longer.
 * @param {EventState} event @param {number} x @param {TimeWindow} window @param {number} width
 * @returns {Edge | null}
 */
export function edgeAt(event, x, window, width) {
  const distance = (/** @type {Edge} */ edge) => Math.abs(toX(window, event[edge], width) - x);
  const isAfter = x >= toX(window, event.offset_us, width) || distance("offset_us") < distance("onset_us");
  const outer = isAfter && x > toX(window, event.onset_us, width) ? "offset_us" : "onset_us";
  if (distance(outer) <= GRIP) return outer;
  return distance("apex_us") <= GRIP ? "apex_us" : null;
}

/**
 * An event with one edge somewhere else; the others give way as little as needed, so that onset ≤ apex ≤ offset stays true.
 * @param {Pick<EventState, Edge>} event
 * @param {Edge} edge
 * @param {number} us
 * @returns {Record<Edge, number>}
 */
export function moveEdge({ onset_us, apex_us, offset_us }, edge, us) {
  if (edge === "onset_us") return { onset_us: us, apex_us: Math.max(apex_us, us), offset_us: Math.max(offset_us, us) };
  if (edge === "offset_us") return { onset_us: Math.min(onset_us, us), apex_us: Math.min(apex_us, us), offset_us: us };
  return { onset_us: Math.min(onset_us, us), apex_us: us, offset_us: Math.max(offset_us, us) };
}
