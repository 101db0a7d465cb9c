/** The events as a table: the timeline's content for keyboard, ear and close reading. Rows have a roving focus. */
import { element } from "../lib/dom.js";
import { isMicro } from "../lib/micro.js";
import { formatTime } from "../lib/time.js";

const SIDES = { left: "Left", right: "Right", both: "Both", "": "–" };
const STANDINGS = { proposed: ["machine", "Proposed"], accepted: ["good", "Accepted"], changed: ["active", "Changed"], added: ["active", "Added"] };

/** What a person has decided, as tone and word. @param {import("../lib/event-store.js").EventState} event @returns {[string, string]} */
export const standingOf = (event) => /** @type {[string, string]} */ (event.deleted ? ["bad", "Deleted"] : STANDINGS[/** @type {"added"} */ (event.standing)]);

export class EventTable {
  /** @type {Map<string, {row: HTMLTableRowElement, event: object}>} */ #rows = new Map();

  /**
   * @param {HTMLElement} box
   * @param {{catalogue: import("../lib/facs.js").Catalogue, micro: import("../lib/micro.js").Micro, onChoose: (id: string) => void}} options
   */
  constructor(box, { catalogue, micro, onChoose }) {
    this.micro = micro;
    this.body = /** @type {HTMLElement} */ (box.querySelector("tbody"));
    this.empty = /** @type {HTMLElement} */ (box.querySelector("#events-empty"));
    this.catalogue = catalogue;
    const idOf = (/** @type {EventTarget | null} */ target) => (target instanceof Element ? target.closest("tr")?.dataset.id : undefined);
    this.body.addEventListener("click", (event) => { const id = idOf(event.target); if (id) onChoose(id); });
    this.body.addEventListener("keydown", (event) => {
      const rows = /** @type {HTMLTableRowElement[]} */ ([...this.body.children]);
      const at = rows.findIndex((row) => row.contains(/** @type {Node} */ (event.target)));
      const next = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 12, PageUp: at - 12, Home: 0, End: rows.length - 1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      const row = rows[Math.min(Math.max(next, 0), rows.length - 1)];
      onChoose(row.dataset.id ?? "");
      row.focus();
    });
  }

  /** @param {import("../lib/event-store.js").EventState[]} events in order @param {string | null} selected */
  draw(events, selected) {
    const former = this.#rows;
    this.#rows = new Map();
    const rows = events.map((event) => {
      const known = former.get(event.id);
      const row = known?.event === event ? known.row : this.#row(event);
      this.#rows.set(event.id, { row, event });
      return row;
    });
    const focused = this.body.contains(document.activeElement) ? selected : null;
    if (rows.length !== this.body.children.length || rows.some((row, index) => row !== this.body.children[index])) this.body.replaceChildren(...rows);
    this.empty.hidden = rows.length > 0;
    this.choose(selected);
    if (focused) this.#rows.get(focused)?.row.focus();
  }

  /** @param {string | null} selected */
  choose(selected) {
    for (const [id, { row }] of this.#rows) {
      row.setAttribute("aria-selected", String(id === selected));
      row.tabIndex = id === selected ? 0 : -1;
    }
    if (!selected && this.body.firstElementChild instanceof HTMLElement) this.body.firstElementChild.tabIndex = 0;
    this.#rows.get(selected ?? "")?.row.scrollIntoView({ block: "nearest" });
  }

  /** @param {import("../lib/event-store.js").EventState} event @returns {Node[]} */
  #badge(event) {
    if (!isMicro(this.micro, this.catalogue, event)) return [];
    return [" ", element("span", { class: "micro", title: `Short enough for a micro-expression. ${this.micro.caution}` }, "micro?")];
  }

  /** @param {import("../lib/event-store.js").EventState} event */
  #row(event) {
    const { name, group } = this.catalogue.get(event.code);
    const [tone, word] = standingOf(event);
    const time = (/** @type {number} */ us, more = "") => element("td", { class: `num mono ${more}` }, formatTime(us));
    return element("tr", { "data-id": event.id, class: event.deleted ? "is-deleted" : null },
      element("td", { "data-region": group }, element("span", { class: "au" }, event.code), ...this.#badge(event)),
      element("td", { class: "only-wide" }, name),
      element("td", {}, SIDES[/** @type {"left"} */ (event.side)]),
      element("td", {}, event.intensity ? element("span", { class: "intensity", "data-intensity": event.intensity }, event.intensity) : "–"),
      time(event.onset_us), time(event.apex_us, "only-wide"), time(event.offset_us),
      element("td", {}, element("span", { class: "chip chip--status", "data-tone": tone }, word)));
  }
}
