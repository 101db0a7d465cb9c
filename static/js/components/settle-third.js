/** The event that an adjudicator writes because neither coder's is right. */
import { element } from "../lib/dom.js";
import { GROUP_NAMES } from "../lib/facs.js";
import { formatTime, parseTime } from "../lib/time.js";

/** @typedef {import("./settle-lanes.js").Said} Said */

const TIMES = ["onset_us", "apex_us", "offset_us"];

export class ThirdForm {
  #face = 0;

  /**
   * @param {HTMLFormElement} form
   * @param {{catalogue: import("../lib/facs.js").Catalogue, clock: import("../lib/clock.js").VideoClock, onTake: (content: object) => Promise<boolean>, onClose: () => void}} options
   */
  constructor(form, options) {
    this.form = form;
    this.options = options;
    this.field = (/** @type {string} */ name) => /** @type {any} */ (form.elements.namedItem(name));
    this.field("code").append(...Object.entries(GROUP_NAMES).map(([group, label]) => element("optgroup", { label },
      ...options.catalogue.codes.filter((code) => code.group === group).map((code) => element("option", { value: code.code }, `${code.code}  ${code.name}`)))));
    this.field("code").addEventListener("change", () => this.#fit());
    for (const button of form.querySelectorAll("[data-set]")) {
      button.addEventListener("click", () => { this.field(button.getAttribute("data-set") ?? "").value = formatTime(options.clock.timeUs); });
    }
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#take();
    });
  }

  get open() {
    return !this.form.hidden;
  }

  /** @param {Said} said it begins as a copy of this */
  fill(said) {
    this.#face = said.face;
    this.say("");
    for (const name of ["code", "side", "intensity"]) this.field(name).value = /** @type {any} */ (said)[name];
    for (const name of TIMES) this.field(name).value = formatTime(/** @type {any} */ (said)[name]);
    this.#fit();
    this.form.hidden = false;
  }

  close() {
    this.form.hidden = true;
    this.options.onClose();
  }

  /** @param {string} sentence */
  say(sentence) {
    const box = this.form.querySelector("#third-error");
    if (box) box.textContent = sentence;
  }

  #fit() {
    const code = this.options.catalogue.get(this.field("code").value);
    this.field("side").disabled = !code.sided;
    if (code.sided && !this.field("side").value) this.field("side").value = "both";
    this.field("intensity").disabled = !code.graded;
    if (!code.graded) this.field("intensity").value = "";
  }

  async #take() {
    /** @type {Record<string, unknown>} */
    const content = { code: this.field("code").value, side: this.field("side").disabled ? "" : this.field("side").value, intensity: this.field("intensity").value, face: this.#face };
    for (const name of TIMES) {
      const us = parseTime(this.field(name).value);
      if (Number.isNaN(us)) return this.say("Write a time as minutes, seconds and thousandths, such as 3:12.480.");
      content[name] = us;
    }
    if (await this.options.onTake(content)) this.close();
  }
}
