/**
 * The timeline's rows: which codes have one and in which order, where the lanes of bars stand, and which bar is under the pointer.
 * @typedef {import("./event-store.js").EventState} EventState
 * @typedef {import("./time-window.js").TimeWindow} TimeWindow
 * @typedef {import("./event-index.js").EventIndex} EventIndex
 * @typedef {"onset_us" | "apex_us" | "offset_us"} Edge
 *
 * @typedef {object} LaneSpec one of the bars' lanes, from the top
 * @property {string} key
 * @property {string} name in words
 * @property {number} height pixels of one level
 * @property {"machine" | "own" | "other"} kind
 * @property {boolean} [holds] its selected event's edges can be taken hold of
 *
 * @typedef {{key: string, top: number, height: number, level: number}} Lane pixels within a row; `height` of all levels, `level` of one
 * @typedef {{kind: "row", code: string, group: string, top: number, height: number, lanes: Lane[]}} Row
 * @typedef {{kind: "group", group: string, codes: string[], top: number, height: number, open: boolean}} Heading
 * @typedef {Row | Heading} Item
 */
import { toX } from "./time-window.js";

/** Groups from the top, in FACS order. */
export const GROUPS = ["upper_face", "lower_face", "eyes", "head", "miscellaneous", "visibility", "gross"];
/** Pixels of a row above its bars, of the foot below them, and of a heading. */
export const HEAD_ROOM = 15;
const FOOT = 4;
const GAP = 1;
export const HEADING = 32;
/** @type {Record<string, LaneSpec[]>} */
export const LANES = {
  both: [{ key: "machine", name: "Machine", kind: "machine", height: 4 }, { key: "mine", name: "Coder", kind: "own", height: 12, holds: true }],
  machine: [{ key: "machine", name: "Machine", kind: "machine", height: 13 }],
  mine: [{ key: "mine", name: "Coder", kind: "own", height: 15, holds: true }],
};
/** Pixels on each side of an edge that still take hold of it. */
export const GRIP = 5;

/**
 * Codes that get a row, in FACS order or by confidence.
 * @param {import("./row-filter.js").Filter} filter
 * @param {import("./facs.js").Catalogue} catalogue
 * @param {{data: Iterable<string>, own: Iterable<EventState>, machine: Iterable<EventState>}} present codes with a signal, and events
 * @returns {string[]}
 */
export function chooseRows({ rows, order, only }, catalogue, { data, own, machine }) {
  /** @type {Set<string>} */ const wanted = new Set();
  const take = (/** @type {Iterable<EventState>} */ events) => {
    for (const event of events) if (!event.deleted && (rows !== "unreviewed" || isUnreviewed(event))) wanted.add(event.code);
  };
  take(own);
  if (rows !== "unreviewed") take(machine);
  if (rows === "data" || rows === "units" || rows === "all") for (const code of data) wanted.add(code);
  for (const { code } of catalogue.codes) if (rows === "all" || (rows === "units" && isActionUnit(code))) wanted.add(code);
  const among = only ? new Set(only) : null;
  const codes = catalogue.codes.filter(({ code }) => wanted.has(code) && (!among || among.has(code)))
    .sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group)).map(({ code }) => code);
  if (order !== "confidence") return codes;
  const lowest = lowestConfidence(own);
  return codes.sort((a, b) => (lowest.get(a) ?? Infinity) - (lowest.get(b) ?? Infinity));
}

/** A proposal that nobody has decided about. @param {EventState} event */
export const isUnreviewed = (event) => !event.deleted && event.standing === "proposed";

/** The lowest confidence of an unreviewed proposal, by code. @param {Iterable<EventState>} events @returns {Map<string, number>} */
function lowestConfidence(events) {
  /** @type {Map<string, number>} */ const lowest = new Map();
  for (const event of events) {
    if (isUnreviewed(event)) lowest.set(event.code, Math.min(lowest.get(event.code) ?? Infinity, event.confidence ?? 1));
  }
  return lowest;
}

/** The 44 Action Units: 1, 2, 4–28, 29–39, 41–46. @param {string} code */
export function isActionUnit(code) {
  const number = Number(code);
  return Number.isInteger(number) && number >= 1 && number <= 46 && number !== 3 && number !== 40;
}

/**
 * Where everything stands, from the top: a heading for every group with a row, and the rows of the groups that are open.
 * @param {string[]} codes in the order to show
 * @param {import("./facs.js").Catalogue} catalogue
 * @param {{lanes: LaneSpec[], indexes: Record<string, EventIndex>, closed: Set<string>, grouped: boolean, least?: number}} options
 *   `least`: pixels that a row has at least (touch)
 * @returns {Item[]}
 */
export function arrange(codes, catalogue, { lanes, indexes, closed, grouped, least = 0 }) {
  /** @type {Item[]} */ const items = [];
  let top = 0;
  const add = (/** @type {any} */ item) => { items.push({ ...item, top }); top += item.height; };
  let group = "";
  for (const code of codes) {
    const its = catalogue.get(code).group;
    if (grouped && its !== group) {
      const among = codes.filter((other) => catalogue.get(other).group === its);
      add({ kind: "group", group: its, codes: among, open: !closed.has(its), height: Math.max(HEADING, least) });
    }
    group = its;
    if (grouped && closed.has(its)) continue;
    const levels = lanes.map(({ key, height }) => height * (indexes[key]?.depth(code) ?? 1));
    const bars = levels.reduce((sum, height) => sum + height + GAP, -GAP);
    const height = Math.max(HEAD_ROOM + bars + FOOT, least);
    let at = height - FOOT - bars;
    add({ kind: "row", code, group: its, height, lanes: lanes.map(({ key, height: level }, index) => {
      const lane = { key, top: at, height: levels[index], level };
      at += levels[index] + GAP;
      return lane;
    }) });
  }
  return items;
}

/** @param {Item[]} items @returns {number} pixels */
export const heightOf = (items) => (items.length ? items[items.length - 1].top + items[items.length - 1].height : 0);

/** What stands at a height. @param {Item[]} items @param {number} y @returns {Item | undefined} */
export const itemAt = (items, y) => items.find((item) => y >= item.top && y < item.top + item.height);

/** @typedef {{event: EventState, lane: string, edge: Edge | null}} Hit */

/**
 * The bar under a point of the rows; where bars of one lane lie over each other, the shortest.
 * @param {{x: number, y: number, width: number, window: TimeWindow, items: Item[], lanes: LaneSpec[], indexes: Record<string, EventIndex>,
 *   selected: string | null}} scene `selected`: id of the event whose edges can be taken hold of
 * @returns {Hit | null}
 */
export function hit({ x, y, width, window, items, lanes, indexes, selected }) {
  const row = itemAt(items, y);
  if (row?.kind !== "row") return null;
  const within = y - row.top;
  const slack = ((window.toUs - window.fromUs) / width) * 6;
  const us = window.fromUs + (x / width) * (window.toUs - window.fromUs);
  for (const spec of lanes.filter(({ holds }) => holds && selected)) {
    const held = indexes[spec.key]?.of(row.code).find((event) => event.id === selected);
    const lane = row.lanes.find(({ key }) => key === spec.key);
    if (!held || !lane || within < lane.top - 7) continue;
    const edge = edgeAt(held, x, window, width);
    if (edge) return { event: held, lane: spec.key, edge };
  }
  for (const lane of [...row.lanes].reverse()) {
    if (within < lane.top - 1 || within > lane.top + lane.height + 1) continue;
    const level = Math.min(Math.max(Math.floor((within - lane.top) / lane.level), 0), Math.round(lane.height / lane.level) - 1);
    /** @type {EventState | null} */ let best = null;
    indexes[lane.key]?.each(row.code, us - slack, us + slack, (event, at) => {
      if (event.deleted || at !== level) return;
      const from = toX(window, event.onset_us, width) - 2;
      if (x < from || x > Math.max(toX(window, event.offset_us, width), from + 4) + 2) return;
      if (!best || length(event) < length(best)) best = event;
    });
    if (best) return { event: best, lane: lane.key, edge: null };
  }
  return null;
}

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
