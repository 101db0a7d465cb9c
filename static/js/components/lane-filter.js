/** The controls over the timeline that say which rows are shown and in which order. What is chosen holds for the table of events too. */
import { isFiltering, plainFilter } from "../lib/row-filter.js";

/** @typedef {import("../lib/row-filter.js").Filter} Filter */

export class LaneFilter {
  /**
   * @param {HTMLElement} root that holds the controls
   * @param {{plain: import("../lib/row-filter.js").RowChoice, prototypes: {name: string, codes: string[]}[], onChange: (filter: Filter) => void}} options
   */
  constructor(root, { plain, prototypes, onChange }) {
    const part = (/** @type {string} */ id) => /** @type {any} */ (root.querySelector(`#${id}`));
    this.parts = { rows: part("rows"), order: part("row-order"), prototype: part("row-prototype"), rejected: part("row-rejected"), clear: part("row-clear"), again: part("row-clear-empty"), state: part("row-filter-state") };
    this.plain = plain;
    this.prototypes = prototypes;
    this.onChange = onChange;
    this.value = plainFilter(plain);
    this.parts.rows.value = plain;
    for (const name of ["rows", "order", "prototype", "rejected"]) this.parts[/** @type {"rows"} */ (name)]?.addEventListener("change", () => this.#read());
    for (const button of [this.parts.clear, this.parts.again]) button.addEventListener("click", () => this.clear());
    this.#say();
  }

  clear() {
    const { rows, order, prototype, rejected, clear } = this.parts;
    if (document.activeElement === clear) rows.focus(); // the button is about to go
    rows.value = this.plain;
    order.value = "facs";
    prototype.value = "";
    if (rejected) rejected.checked = false;
    this.#read();
  }

  #read() {
    const { rows, order, prototype, rejected } = this.parts;
    const found = this.prototypes.find(({ name }) => name === prototype.value);
    this.value = { rows: rows.value, order: order.value, prototype: prototype.value, only: found?.codes ?? null, rejected: Boolean(rejected?.checked) };
    this.#say();
    this.onChange(this.value);
  }

  #say() {
    const is = isFiltering(this.value, this.plain);
    this.parts.clear.hidden = !is;
    const more = [this.value.order !== "facs", this.value.only !== null, this.value.rejected].filter(Boolean).length;
    this.parts.state.textContent = more ? ` (${more})` : "";
  }
}
