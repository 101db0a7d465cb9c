/** Markers of a live session: set by key or button, named afterwards or before, kept by the server as they are made. */
import { element } from "../lib/dom.js";
import { postJson } from "../lib/http.js";
import { icon } from "../lib/icon.js";
import { newId } from "../lib/id.js";
import { recall, remember } from "../lib/remembered.js";
import { formatTime } from "../lib/time.js";

const RETRY_MS = 3000;
const KEPT_AS = "live.labels";

/** @typedef {{id: string, name: string, kind: string, start_us: number, end_us: null}} Mark */

export class LiveMarkers {
  /** @type {Mark[]} */ marks = [];
  /** @type {string} where they are kept; empty while no session is open */ #url = "";
  #saving = false;
  #unsaved = false;

  /**
   * @param {HTMLElement} root
   * @param {{now: () => number, say: (text: string) => void}} options `now`: media time, µs
   */
  constructor(root, { now, say }) {
    this.list = /** @type {HTMLElement} */ (root.querySelector("#live-marks"));
    this.empty = /** @type {HTMLElement} */ (root.querySelector("#live-marks-none"));
    this.state = /** @type {HTMLElement} */ (root.querySelector("#live-marks-state"));
    this.now = now;
    this.say = say;
    this.buttons = /** @type {HTMLButtonElement[]} */ ([...root.querySelectorAll("button[data-mark]")]);
    const labels = /** @type {Record<string, {name: string, kind: string}>} */ (recall(KEPT_AS, {}));
    for (const button of this.buttons) {
      button.addEventListener("click", () => this.add(button));
      const name = /** @type {HTMLInputElement | null} */ (root.querySelector(`[data-label-of="${button.id}"]`));
      const kind = /** @type {HTMLSelectElement | null} */ (root.querySelector(`[data-kind-of="${button.id}"]`));
      if (!name || !kind) continue;
      const told = labels[button.id];
      if (told) [name.value, kind.value] = [told.name, told.kind];
      const take = () => {
        button.dataset.mark = name.value.trim() || name.placeholder;
        button.dataset.kind = kind.value;
        const words = button.querySelector("[data-words]");
        if (words) words.textContent = button.dataset.mark;
        labels[button.id] = { name: name.value, kind: kind.value };
      };
      take();
      for (const field of [name, kind]) field.addEventListener("change", () => { take(); remember(KEPT_AS, labels); });
    }
  }

  /** @param {string} url empty: no session is open */
  open(url) {
    this.#url = url;
    this.marks = [];
    this.buttons.forEach((button) => { button.disabled = !url; });
    this.#draw();
  }

  close() {
    this.#url = "";
    this.buttons.forEach((button) => { button.disabled = true; });
  }

  /** @param {HTMLButtonElement} button */
  add(button) {
    if (!this.#url) return;
    const mark = { id: newId(), name: button.dataset.mark ?? "", kind: button.dataset.kind ?? "scene", start_us: Math.max(0, Math.round(this.now())), end_us: null };
    this.marks.push(mark);
    this.#draw();
    this.say(`Marker ${mark.name} at ${formatTime(mark.start_us)}`);
    this.save();
  }

  async save() {
    this.#unsaved = true;
    if (this.#saving || !this.#url) return;
    this.#saving = true;
    try {
      while (this.#unsaved && this.#url) {
        this.#unsaved = false;
        await postJson(this.#url, { marks: this.marks });
      }
      this.state.textContent = "";
    } catch (error) {
      this.#unsaved = true;
      this.state.textContent = "Not stored on the server yet; it is tried again by itself.";
      setTimeout(() => this.save(), RETRY_MS);
    } finally {
      this.#saving = false;
    }
  }

  #draw() {
    this.empty.hidden = this.marks.length > 0;
    this.list.replaceChildren(...this.marks.map((mark) => this.#row(mark)));
  }

  /** @param {Mark} mark */
  #row(mark) {
    const time = formatTime(mark.start_us);
    const name = element("input", { class: "live-mark__name", value: mark.name, maxlength: "120", "aria-label": `Name of the marker at ${time}` });
    name.addEventListener("change", () => {
      mark.name = name.value.trim() || mark.name;
      name.value = mark.name;
      this.save();
    });
    const remove = element("button", { class: "button button--quiet button--icon", type: "button", "aria-label": `Remove the marker ${mark.name} at ${time}` }, icon("trash", "s"));
    remove.addEventListener("click", () => {
      this.marks = this.marks.filter((one) => one !== mark);
      this.#draw();
      this.save();
    });
    return element("li", { class: "live-mark" }, element("span", { class: "mono small" }, time), name, element("span", { class: "quiet small" }, mark.kind), remove);
  }
}
