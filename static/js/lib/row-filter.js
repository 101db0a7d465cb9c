/**
 * Which rows and events the timeline and the table show.
 * @typedef {"data" | "events" | "unreviewed" | "units" | "all"} RowChoice
 * @typedef {object} Filter
 * @property {RowChoice} rows codes with data or events, with events, with unreviewed proposals, the 44 Action Units, or all codes
 * @property {"facs" | "confidence"} order
 * @property {string} prototype of the emotion whose AUs are shown; empty for all
 * @property {string[] | null} only codes of that prototype
 * @property {boolean} rejected whether rejected proposals and deleted events are drawn
 */
import { isUnreviewed } from "./rows.js";

/** @param {RowChoice} rows @returns {Filter} */
export const plainFilter = (rows) => ({ rows, order: "facs", prototype: "", only: null, rejected: false });

/** Whether anything is left out or in another order. @param {Filter} filter @param {RowChoice} plain */
export const isFiltering = (filter, plain) => filter.rows !== plain || filter.order !== "facs" || filter.only !== null || filter.rejected;

/** Whether a filter that leaves events out lets an event through; choices of rows without events change no list of events. @param {Filter} filter @param {import("./event-store.js").EventState} event */
export function lets(filter, event) {
  if (filter.rows === "unreviewed" && !isUnreviewed(event)) return false;
  return !filter.only || filter.only.includes(event.code);
}

/**
 * What to do when no row is left.
 * @param {Filter} filter
 * @param {{blind: boolean}} page
 */
export function sayEmpty(filter, { blind }) {
  if (filter.only) return "None of this prototype’s AUs has anything to show here. Choose “All codes” under Rows, or clear the filter.";
  if (filter.rows === "unreviewed") return "Nothing is left to review: every proposal on this face was decided about. Clear the filter to see all rows.";
  if (filter.rows === "events") return blind ? "You have not coded anything on this face yet. Choose “All codes” under Rows." : "There are no events on this face yet. Choose “All codes” under Rows.";
  return "No rows to show. Choose “All codes” under Rows.";
}
