/** The names of the timeline's rows: a list to choose the row whose curve is drawn. */
import { element } from "../lib/dom.js";

export class RowLabels {
  /**
   * @param {HTMLElement} box
   * @param {{catalogue: import("../lib/facs.js").Catalogue, onChoose: (code: string) => void}} options
   */
  constructor(box, { catalogue, onChoose }) {
    this.box = box;
    this.catalogue = catalogue;
    box.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest("[data-code]") : null;
      if (row) onChoose(row.getAttribute("data-code") ?? "");
    });
    box.addEventListener("keydown", (event) => {
      const rows = [...box.children];
      const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
      const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
      if (next === undefined || !rows.length) return;
      event.preventDefault();
      const row = rows[Math.min(Math.max(next, 0), rows.length - 1)];
      onChoose(row.getAttribute("data-code") ?? "");
      const chosen = box.querySelector('[aria-selected="true"]');
      if (chosen instanceof HTMLElement) chosen.focus();
    });
  }

  /** @param {string[]} rows @param {string | null} chosen */
  draw(rows, chosen) {
    this.box.replaceChildren(...rows.map((code) => this.#row(code)));
    this.choose(chosen);
  }

  /** @param {string | null} chosen */
  choose(chosen) {
    for (const row of this.box.children) {
      const is = row.getAttribute("data-code") === chosen;
      row.setAttribute("aria-selected", String(is));
      row.setAttribute("tabindex", is ? "0" : "-1");
    }
    if (!this.box.querySelector('[tabindex="0"]')) this.box.firstElementChild?.setAttribute("tabindex", "0");
  }

  /** @param {string} code */
  #row(code) {
    const { name, group, tier, description } = this.catalogue.get(code);
    return element("div", { class: "row-label", role: "option", "data-code": code, "data-region": group, title: `${code} ${name} (${tier})\n${description}` },
      element("span", { class: "au" }, code),
      element("span", { class: "row-label__name" }, name),
      element("span", { class: "row-label__tier", "data-tier": tier }),
      element("span", { class: "visually-hidden" }, `, ${tier}`));
  }
}
