/**
 * The events as a table: the timeline's content for keyboard, ear and close reading, filtered as the timeline is and sorted by any column.
 * Rows have a roving focus: arrows move it and select, Enter goes to the event.
 */
import { element } from "../lib/dom.js";
import { unit } from "../lib/facs.js";
import { isMicro } from "../lib/micro.js";
import { lets } from "../lib/row-filter.js";
import { isUnreviewed } from "../lib/rows.js";
import { formatTime } from "../lib/time.js";

/** @typedef {import("../lib/event-store.js").EventState} EventState */

const SIDES = { left: "Left", right: "Right", both: "Both", unilateral: "One side", "": "–" };
const STANDINGS = { proposed: ["machine", "Proposed"], accepted: ["good", "Accepted"], changed: ["active", "Changed"], added: ["active", "Added"] };

/** What a person has decided, as tone and word. @param {EventState} event @returns {[string, string]} */
export const standingOf = (event) => /** @type {[string, string]} */ (event.deleted ? ["bad", event.source ? "Rejected" : "Deleted"] : STANDINGS[/** @type {"added"} */ (event.standing)]);

/** What each column sorts by. @type {Record<string, (event: EventState, order: Map<string, number>) => string | number>} */
const KEYS = {
  code: (event, order) => order.get(event.code) ?? 0,
  side: (event) => event.side,
  intensity: (event) => event.intensity,
  onset: (event) => event.onset_us,
  apex: (event) => event.apex_us,
  offset: (event) => event.offset_us,
  duration: (event) => event.offset_us - event.onset_us,
  confidence: (event) => event.confidence ?? Infinity,
  standing: (event) => standingOf(event)[1],
  note: (event) => event.note,
};

/**
 * Events in the order of a column; equal ones by onset.
 * @param {EventState[]} events @param {string} column @param {boolean} down @param {Map<string, number>} order of the codes
 */
export function sorted(events, column, down, order) {
  const key = KEYS[column];
  const compare = (/** @type {string | number} */ a, /** @type {string | number} */ b) => (typeof a === "string" ? a.localeCompare(String(b)) : a === b ? 0 : a < Number(b) ? -1 : 1);
  return [...events].sort((a, b) => (down ? -1 : 1) * compare(key(a, order), key(b, order)) || a.onset_us - b.onset_us);
}

export class EventTable {
  /** @type {Map<string, {row: HTMLTableRowElement, event: object}>} */ #rows = new Map();
  /** @type {EventState[]} */ #events = [];
  /** @type {string | null} */ #selected = null;
  /** @type {import("../lib/row-filter.js").Filter | null} */ filter = null;
  #column = "onset";
  #down = false;

  /**
   * @param {HTMLElement} box
   * @param {{catalogue: import("../lib/facs.js").Catalogue, micro: import("../lib/micro.js").Micro, onChoose: (id: string) => void}} options
   */
  constructor(box, { catalogue, micro, onChoose }) {
    this.micro = micro;
    this.box = box;
    this.body = /** @type {HTMLElement} */ (box.querySelector("tbody"));
    this.empty = /** @type {HTMLElement} */ (box.querySelector("#events-empty"));
    this.catalogue = catalogue;
    const idOf = (/** @type {EventTarget | null} */ target) => (target instanceof Element ? target.closest("tr")?.dataset.id : undefined);
    this.body.addEventListener("click", (event) => { const id = idOf(event.target); if (id) onChoose(id); });
    this.body.addEventListener("keydown", (event) => {
      const rows = /** @type {HTMLTableRowElement[]} */ ([...this.body.children]);
      const at = rows.findIndex((row) => row.contains(/** @type {Node} */ (event.target)));
      const next = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 12, PageUp: at - 12, Home: 0, End: rows.length - 1, Enter: at }[event.key];
      if (next === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
      const id = rows[Math.min(Math.max(next, 0), rows.length - 1)].dataset.id ?? "";
      onChoose(id);
      this.#rows.get(id)?.row.focus();
    });
    box.querySelector("thead")?.addEventListener("click", (event) => {
      const column = event.target instanceof Element ? event.target.closest("[data-sort]")?.getAttribute("data-sort") : null;
      if (column) this.#sort(column);
    });
  }

  /** @param {string} column @param {boolean} [down] the other way round than before, where it is not said */
  #sort(column, down = this.#column === column && !this.#down) {
    this.#down = down;
    this.#column = column;
    for (const button of this.box.querySelectorAll("[data-sort]")) {
      const is = button.getAttribute("data-sort") === column;
      button.closest("th")?.setAttribute("aria-sort", is ? (this.#down ? "descending" : "ascending") : "none");
    }
    this.draw(this.#events, this.#selected);
  }

  /** Filter as the timeline does. @param {import("../lib/row-filter.js").Filter} filter */
  setFilter(filter) {
    this.filter = filter;
    if (filter.order === "confidence") this.#sort("confidence", false);
    else this.draw(this.#events, this.#selected);
  }

  /** @param {EventState[]} events those that were taken out too @param {string | null} selected */
  draw(events, selected) {
    this.#events = events;
    this.#selected = selected;
    const former = this.#rows;
    this.#rows = new Map();
    const { filter } = this;
    const shown = sorted(filter ? events.filter((event) => lets(filter, event)) : events, this.#column, this.#down, this.catalogue.order);
    if (filter?.order === "confidence") shown.sort((a, b) => Number(isUnreviewed(b)) - Number(isUnreviewed(a)));
    const rows = shown.map((event) => {
      const known = former.get(event.id);
      const row = known?.event === event ? known.row : this.#row(event);
      this.#rows.set(event.id, { row, event });
      return row;
    });
    const focused = this.body.contains(document.activeElement) ? selected : null;
    if (rows.length !== this.body.children.length || rows.some((row, index) => row !== this.body.children[index])) this.body.replaceChildren(...rows);
    this.empty.hidden = rows.length > 0;
    this.empty.textContent = events.length ? "The filter leaves no event. Clear it to see all of them." : "No events yet.";
    this.choose(selected);
    if (focused) this.#rows.get(focused)?.row.focus();
  }

  /** @param {string | null} selected */
  choose(selected) {
    this.#selected = selected;
    for (const [id, { row }] of this.#rows) {
      const is = id === selected;
      if (row.getAttribute("aria-selected") !== String(is)) row.setAttribute("aria-selected", String(is));
      row.tabIndex = is ? 0 : -1;
    }
    if (!this.#rows.has(selected ?? "") && this.body.firstElementChild instanceof HTMLElement) this.body.firstElementChild.tabIndex = 0;
    this.#rows.get(selected ?? "")?.row.scrollIntoView({ block: "nearest" });
  }

  /** @param {EventState} event @returns {Node[]} */
  #badge(event) {
    if (!isMicro(this.micro, this.catalogue, event)) return [];
    return [" ", element("span", { class: "micro", title: `Short enough for a micro-expression. ${this.micro.caution}` }, "micro?")];
  }

  /** @param {EventState} event */
  #row(event) {
    const { name, group } = this.catalogue.get(event.code);
    const [tone, word] = standingOf(event);
    const cell = (/** @type {string} */ text, more = "") => element("td", { class: more }, text);
    const time = (/** @type {number} */ us, more = "") => cell(formatTime(us), `num mono ${more}`);
    const sure = event.confidence === null || event.confidence === undefined ? "–" : `${Math.round(event.confidence * 100)} %`;
    return element("tr", { "data-id": event.id, class: event.deleted ? "is-deleted" : null },
      element("td", { "data-region": group }, element("span", { class: "au" }, event.code), ...this.#badge(event)),
      element("td", { class: "events__extra events__name" }, name),
      element("td", { class: "facs" }, unit(event)),
      cell(SIDES[/** @type {"left"} */ (event.side)] ?? "–"),
      element("td", {}, event.intensity ? element("span", { class: "intensity", "data-intensity": event.intensity }, event.intensity) : "–"),
      time(event.onset_us), time(event.apex_us, "events__extra"), time(event.offset_us),
      cell(`${((event.offset_us - event.onset_us) / 1e6).toFixed(2)} s`, "num mono"),
      cell(sure, "num"),
      element("td", { class: "events__standing" }, element("span", { class: "chip chip--status", "data-tone": tone }, word)),
      element("td", { class: "events__note", title: event.note || null }, event.note || "–"));
  }
}
