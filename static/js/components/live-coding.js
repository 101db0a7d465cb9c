/**
 * Live coding: while the video plays, a key that is held is an event from key down to key up, earlier by the coder's reaction time.
 * Each key is a button that can be held with pointer or finger too.
 */
import { element } from "../lib/dom.js";
import { keyName } from "../lib/keys.js";
import { pressed } from "../lib/live.js";
import { parse, sideOf, written } from "../lib/notation.js";
import { toast } from "../lib/toast.js";
import { clip } from "../lib/event-edits.js";
import { calibration, reactionMs } from "./reaction.js";

const KEYS = "1234567890";
const OFFERED = ["1", "2", "4", "6", "12", "14", "15", "17", "25", "45"];
const APART = new Set(["left|right", "right|left"]);

/** @typedef {{fromUs: number, lastUs: number, rate: number}} Press */

export class LiveCoding {
  /** @type {Map<number, Press>} keys that are down */ #down = new Map();
  on = false;

  /** @param {import("../pages/review.js").Review} review */
  constructor(review) {
    this.review = review;
    this.part = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
    const kept = review.preferences.values.live;
    this.mode = kept?.mode ?? "hold";
    this.codes = KEYS.split("").map((_, index) => kept?.codes[index] ?? OFFERED[index]);
    this.#listen();
    this.#draw();
  }

  /** What a key stands for; null where its field is empty or wrong. @param {number} index */
  unitOf(index) {
    const { units, errors } = parse(this.codes[index] ?? "", this.review.catalogue.byCode);
    return !errors.length && units.length === 1 ? units[0] : null;
  }

  /** @param {boolean} on */
  turn(on) {
    this.#endAll();
    this.on = on;
    this.part("live-open").setAttribute("aria-pressed", String(on));
    this.part("live").hidden = !on;
    this.part("review").toggleAttribute("data-live", on);
    if (on) this.part("live").scrollIntoView({ block: "nearest" }); // on a phone it stands below what is seen
    if (on) this.#say(this.review.clock.video ? "Play, and hold a key while its code is on." : "There is no video to watch.");
  }

  /** @param {string} sentence */
  #say(sentence) {
    this.part("live-said").textContent = sentence;
  }

  /** @param {number} index */
  #begin(index) {
    const { clock } = this.review;
    const unit = this.unitOf(index);
    if (!unit || this.#down.has(index)) return;
    if (!clock.playing || clock.reversing) return this.#say("Play the video first; then hold the key while the code is on.");
    this.#down.set(index, { fromUs: clock.timeUs, lastUs: clock.timeUs, rate: clock.rate });
    this.#light(index, true);
    this.#say(`${written(unit)} is on…`);
  }

  /** @param {number} index */
  #end(index) {
    const press = this.#down.get(index);
    const one = this.unitOf(index);
    this.#down.delete(index);
    this.#light(index, false);
    if (!press || !one) return;
    const { catalogue, clock, data, face, standing, store } = this.review;
    const side = sideOf(one, catalogue.get(one.code));
    const taken = standing.filter((event) => event.code === one.code && event.face === face && !APART.has(`${event.side}|${side}`));
    const found = pressed({ fromUs: press.fromUs, toUs: Math.max(press.lastUs, press.fromUs), rate: press.rate }, { reactionMs: reactionMs(this.review), frames: clock.frames, taken });
    const cut = found && clip(found.onset_us, found.offset_us, { spans: data.layer.spans ?? [], endUs: data.durationUs });
    if (!cut) return this.#say(found ? "This moment is outside of the stretches that you code; nothing was added." : `${written(one)} is coded there already; nothing was added.`);
    const [onset_us, offset_us] = [cut[0], clock.frames.snap(cut[1])];
    store.create({ code: one.code, side, intensity: one.intensity, onset_us, apex_us: clock.frames.snap((onset_us + offset_us) / 2), offset_us, face, note: "" });
    this.#say(`${written(one)} added, ${((offset_us - onset_us) / 1e6).toFixed(2)} s. Undo takes it back.`);
  }

  #endAll() {
    for (const index of [...this.#down.keys()]) this.#end(index);
  }

  /** A key or a finger went down, or up. @param {number} index @param {boolean} down */
  press(index, down) {
    if (this.mode === "hold") {
      if (down) this.#begin(index);
      else this.#end(index);
    } else if (down) {
      if (this.#down.has(index)) this.#end(index);
      else this.#begin(index);
    }
  }

  /** @param {number} index @param {boolean} on */
  #light(index, on) {
    this.part("live-keys").children[index]?.setAttribute("aria-pressed", String(on));
  }

  #draw() {
    const { catalogue } = this.review;
    this.part("live-keys").replaceChildren(...this.codes.map((code, index) => {
      const unit = this.unitOf(index);
      const name = unit ? catalogue.get(unit.code).name : "no code";
      return element("button", { type: "button", class: "live__key", "data-live": String(index), "aria-pressed": "false", disabled: !unit, title: name, "aria-label": `${unit ? written(unit) : "No code"}: ${name}, key ${KEYS[index]}` },
        element("kbd", {}, KEYS[index]), element("span", { class: "facs" }, unit ? written(unit) : "–"));
    }));
    this.part("live-fields").replaceChildren(...this.codes.map((code, index) => {
      const input = element("input", { class: "mono", "data-field": String(index), autocomplete: "off", spellcheck: "false", maxlength: "8" });
      input.value = code;
      return element("label", {}, element("span", {}, `Key ${KEYS[index]}`), input);
    }));
    for (const mode of ["hold", "tap"]) this.part(`live-${mode}`).setAttribute("aria-pressed", String(this.mode === mode));
  }

  #keep() {
    this.review.preferences.set("live", { mode: /** @type {"hold"} */ (this.mode), codes: this.codes });
  }

  #listen() {
    const { review } = this;
    const keys = /** @type {HTMLElement} */ (this.part("live-keys"));
    this.part("live-open").addEventListener("click", () => this.turn(!this.on));
    this.part("live-close").addEventListener("click", () => this.turn(false));
    for (const mode of ["hold", "tap"]) this.part(`live-${mode}`).addEventListener("click", () => {
      this.#endAll();
      this.mode = /** @type {"hold"} */ (mode);
      this.#keep();
      this.#draw();
    });
    this.part("live-fields").addEventListener("change", (/** @type {Event} */ event) => {
      const input = /** @type {HTMLInputElement} */ (event.target);
      const text = input.value.trim();
      const { units, errors } = parse(text, review.catalogue.byCode);
      this.part("live-problem").textContent = errors[0] ?? (units.length > 1 ? "Each key has one code." : "");
      if (errors.length || units.length > 1) return;
      this.codes = this.codes.with(Number(input.dataset.field), text.toUpperCase());
      this.#keep();
      this.#draw();
    });
    const indexOf = (/** @type {KeyboardEvent} */ event) => (/^[0-9]$/.test(keyName(event)) ? KEYS.indexOf(keyName(event)) : -1);
    // Before the page's shortcuts: in this mode digits are codes.
    document.addEventListener("keydown", (event) => {
      const typing = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]");
      if (!this.on || typing || event.isComposing || document.querySelector("dialog[open]")) return;
      const index = indexOf(event);
      if (index < 0) return;
      event.preventDefault();
      if (!event.repeat) this.press(index, true);
    }, { capture: true });
    document.addEventListener("keyup", (event) => {
      const index = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? event.key;
      if (this.on && /^\d$/.test(index)) this.press(KEYS.indexOf(index), false);
    }, { capture: true });
    keys.addEventListener("pointerdown", (event) => {
      const button = event.target instanceof Element ? event.target.closest("button") : null;
      if (!button) return;
      event.preventDefault();
      button.setPointerCapture(event.pointerId);
      this.press(Number(button.dataset.live), true);
    });
    for (const type of ["pointerup", "pointercancel"]) keys.addEventListener(type, (event) => {
      const button = event.target instanceof Element ? event.target.closest("button") : null;
      if (button) this.press(Number(button.dataset.live), false);
    });
    // Enter or Space on a focused button: there is no key up of the code's own key, so it begins and ends by turns.
    keys.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("button") : null;
      if (!button || event.detail > 0) return;
      const index = Number(button.dataset.live);
      if (this.#down.has(index)) this.#end(index);
      else this.#begin(index);
    });
    for (const type of ["blur", "pagehide"]) addEventListener(type, () => this.#endAll());
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.#endAll(); });
    review.addEventListener("tick", () => this.#follow());
    review.addEventListener("face", () => this.#endAll());
    calibration(review, this.part("live-calibrate"));
  }

  /** The video goes on while keys are down; where it jumps back or stops, they end. */
  #follow() {
    const { clock } = this.review;
    for (const [index, press] of this.#down) {
      if (clock.timeUs < press.lastUs) this.#end(index);
      else press.lastUs = clock.timeUs;
    }
    if (!clock.playing && this.#down.size) {
      this.#endAll();
      if (this.mode === "tap") toast("The video stopped; codes that were on end here.");
    }
  }
}

/** @param {import("../pages/review.js").Review} review */
export function installLiveCoding(review) {
  if (review.data.layer.editable) review.live = new LiveCoding(review);
}
