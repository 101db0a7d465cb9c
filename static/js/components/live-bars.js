/** The bars of a live session: one row an Action Unit, two bars where it has sides. Left and right are the subject's. */
import { element } from "../lib/dom.js";

/** Under this nothing is there but noise: the bar shows it, no letter does. */
const SHOWN_FROM = 0.5;
const WORDS_EVERY_MS = 400;
const MOST = 5;
const GROUPS = { upper_face: "Upper face", lower_face: "Lower face", eyes: "Eyes", head: "Head", miscellaneous: "Miscellaneous" };

/** @typedef {{code: string, name: string, group: string, sided: boolean, tier: string}} Unit */

/** The letter of an intensity: 0–1 is A … above 4 is E. @param {number} value */
export const letterOf = (value) => "ABCDE"[Math.max(0, Math.min(4, Math.ceil(value) - 1))];

export class LiveBars {
  /** @type {Map<string, {row: HTMLElement, fills: HTMLElement[], letter: HTMLElement, unit: Unit}>} */ #rows = new Map();
  #saidAt = 0;

  /** @param {HTMLElement} root @param {Unit[]} units */
  constructor(root, units) {
    for (const [group, title] of Object.entries(GROUPS)) {
      const own = units.filter((unit) => unit.group === group);
      if (!own.length) continue;
      const list = element("ul", { class: "live-bars__list", role: "list", "aria-label": title }, ...own.map((unit) => this.#row(unit)));
      root.append(element("section", { class: "live-bars__group", "data-region": group }, element("h3", { class: "small quiet" }, title), list));
    }
  }

  /** @param {Unit} unit */
  #row(unit) {
    const sides = unit.sided ? ["L", "R"] : [""];
    const fills = sides.map(() => element("span", { class: "live-bar__fill" }));
    const bars = sides.map((side, index) => element("span", { class: "live-bar", "data-side": side }, side && element("span", { class: "live-bar__side" }, side), element("span", { class: "live-bar__track" }, fills[index])));
    const letter = element("span", { class: "intensity live-row__letter" });
    const row = element("li", { class: "live-row", "data-code": unit.code, "data-tier": unit.tier },
      element("span", { class: "au" }, unit.code),
      element("span", { class: "live-row__name", title: `${unit.name} (${unit.tier})` }, element("span", { class: "truncate" }, unit.name), unit.tier === "experimental" ? element("span", { class: "live-row__tier" }, "exp.") : ""),
      element("span", { class: "live-row__bars", "aria-hidden": "true" }, ...bars), letter);
    this.#rows.set(unit.code, { row, fills, letter, unit });
    return row;
  }

  /** @param {Record<string, (number | null)[]>} aus empty: nothing can be said @param {number} now ms */
  show(aus, now) {
    const spells = now - this.#saidAt >= WORDS_EVERY_MS;
    if (spells) this.#saidAt = now;
    for (const [code, { row, fills, letter, unit }] of this.#rows) {
      const found = aus[code];
      const values = unit.sided ? [found?.[1] ?? null, found?.[2] ?? null] : [found?.[0] ?? null];
      fills.forEach((fill, index) => {
        const value = values[index];
        fill.style.setProperty("--share", String(value === null ? 0 : Math.round((value / MOST) * 100) / 100));
        fill.parentElement?.toggleAttribute("data-absent", value === null);
      });
      if (spells) spell(row, letter, found?.[0] ?? null, found !== undefined);
    }
  }

  clear() {
    this.#saidAt = -Infinity;
    this.show({}, 0);
  }
}

/** @param {HTMLElement} row @param {HTMLElement} letter @param {number | null} value @param {boolean} known */
function spell(row, letter, value, known) {
  const text = !known || value === null ? "–" : value < SHOWN_FROM ? "" : letterOf(value);
  if (letter.textContent !== text) letter.textContent = text;
  if (/[A-E]/.test(text)) letter.dataset.intensity = text;
  else delete letter.dataset.intensity;
  row.toggleAttribute("data-there", /[A-E]/.test(text));
}
