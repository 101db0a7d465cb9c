/** The names of the timeline's rows: groups that open and close, and in each a list to choose the row whose curve is drawn. */
import { element } from "../lib/dom.js";
import { GROUP_NAMES } from "../lib/facs.js";
import { icon } from "../lib/icon.js";

export class RowLabels {
  /**
   * @param {HTMLElement} box
   * @param {{catalogue: import("../lib/facs.js").Catalogue, onChoose: (code: string) => void, onFold: (group: string) => void, blind: boolean}} options
   *   `blind`: what the machine can measure is not shown
   */
  constructor(box, { catalogue, onChoose, onFold, blind }) {
    this.blind = blind;
    this.box = box;
    this.catalogue = catalogue;
    box.addEventListener("click", (event) => {
      const target = event.target instanceof Element ? event.target.closest("[data-code], [data-group]") : null;
      if (target?.hasAttribute("data-code")) onChoose(target.getAttribute("data-code") ?? "");
      else if (target) onFold(target.getAttribute("data-group") ?? "");
    });
    box.addEventListener("keydown", (event) => {
      if (!(event.target instanceof Element && event.target.matches("[data-code]"))) return;
      const rows = this.#rows();
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

  #rows() {
    return /** @type {HTMLElement[]} */ ([...this.box.querySelectorAll("[data-code]")]);
  }

  /** @param {import("../lib/rows.js").Item[]} items @param {string | null} chosen */
  draw(items, chosen) {
    const focused = document.activeElement instanceof HTMLElement && this.box.contains(document.activeElement) ? document.activeElement.dataset : null;
    /** @type {HTMLElement[]} */ const parts = [];
    const list = (/** @type {string} */ group) => {
      const made = element("div", { role: "listbox", class: "row-labels", id: `rows-of-${group || "all"}`, "aria-label": group ? `${GROUP_NAMES[/** @type {"head"} */ (group)]}; the selected one’s curve is drawn below` : "Rows; the selected one’s curve is drawn below" });
      parts.push(made);
      return made;
    };
    /** @type {HTMLElement | null} */ let current = null;
    for (const item of items) {
      if (item.kind === "group") {
        parts.push(this.#heading(item));
        current = item.open ? list(item.group) : null;
      } else {
        current ??= list("");
        current.append(this.#row(item));
      }
    }
    this.box.replaceChildren(...parts);
    this.choose(chosen);
    if (focused?.group) this.#focus(`[data-group="${focused.group}"]`);
    else if (focused?.code) this.#focus('[data-code][tabindex="0"]');
  }

  /** @param {string} selector */
  #focus(selector) {
    const found = this.box.querySelector(selector);
    if (found instanceof HTMLElement) found.focus();
  }

  /** @param {string | null} chosen */
  choose(chosen) {
    const rows = this.#rows();
    for (const row of rows) {
      const is = row.getAttribute("data-code") === chosen;
      row.setAttribute("aria-selected", String(is));
      row.setAttribute("tabindex", is ? "0" : "-1");
    }
    if (!this.box.querySelector('[data-code][tabindex="0"]')) rows[0]?.setAttribute("tabindex", "0");
  }

  /** @param {import("../lib/rows.js").Heading} heading */
  #heading({ group, codes, open, height }) {
    const name = GROUP_NAMES[/** @type {"head"} */ (group)];
    const button = element("button", { type: "button", class: "row-group", "data-group": group, "aria-expanded": String(open), "aria-controls": open ? `rows-of-${group}` : null, title: `${open ? "Close" : "Open"} ${name}` },
      icon("chevron-right", "s"), element("span", { class: "row-group__name" }, name), element("span", { class: "row-group__count", "aria-label": `${codes.length} rows` }, String(codes.length)));
    button.style.setProperty("height", `${height}px`);
    return button;
  }

  /** @param {import("../lib/rows.js").Row} row */
  #row({ code, height }) {
    const { name, group, tier, description } = this.catalogue.get(code);
    const row = element("div", { class: "row-label", role: "option", "data-code": code, "data-region": group, title: `${code} ${name}${this.blind ? "" : ` (${tier})`}\n${description}` },
      element("span", { class: "au" }, code),
      element("span", { class: "row-label__name" }, name),
      ...(this.blind ? [] : [element("span", { class: "row-label__tier", "data-tier": tier }), element("span", { class: "visually-hidden" }, `, ${tier}`)]));
    row.style.setProperty("height", `${height}px`);
    return row;
  }
}
