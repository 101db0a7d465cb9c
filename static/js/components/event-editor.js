/** The selected event: what it says, what the machine said, and every way to change it. */
import { element } from "../lib/dom.js";
import { GROUP_NAMES, LETTER_NAMES, unit } from "../lib/facs.js";
import { isMicro } from "../lib/micro.js";
import { moveEdge } from "../lib/rows.js";
import { formatDuration, formatTime, parseTime } from "../lib/time.js";
import { differences } from "./event-history.js";

/**
 * @typedef {import("../lib/event-store.js").EventState} EventState
 * @typedef {object} Options
 * @property {import("../lib/facs.js").Catalogue} catalogue
 * @property {import("../lib/event-store.js").EventStore} store
 * @property {import("../lib/clock.js").VideoClock} clock
 * @property {boolean} editable
 * @property {import("../lib/micro.js").Micro} micro
 * @property {Record<string, string>} tierWords what the tiers mean
 * @property {(id: string) => EventState | undefined} proposal the machine's event with this id
 * @property {(us: number) => void} onLook show this moment
 */

export class EventEditor {
  /** @type {EventState | null} */ event = null;

  /** @param {HTMLElement} root @param {Options} options */
  constructor(root, options) {
    this.root = root;
    this.options = options;
    this.part = (/** @type {string} */ id) => /** @type {any} */ (root.querySelector(`#${id}`));
    this.part("event-code").append(...codeGroups(options.catalogue));
    for (const button of root.querySelectorAll("#event-intensity button")) {
      const letter = /** @type {HTMLButtonElement} */ (button).value;
      if (letter) button.setAttribute("title", `${letter}: ${LETTER_NAMES[/** @type {"A"} */ (letter)]}`);
    }
    if (options.editable) this.#listen();
    for (const input of root.querySelectorAll("[data-time]")) {
      input.addEventListener("dblclick", () => { if (this.event) options.onLook(/** @type {any} */ (this.event)[input.getAttribute("data-time") ?? ""]); });
    }
  }

  /** @param {EventState | null} event */
  show(event) {
    const isOther = event?.id !== this.event?.id;
    this.event = event;
    this.part("editor-none").hidden = event !== null;
    this.part("editor-form").hidden = event === null;
    if (!event) return;
    const code = this.options.catalogue.get(event.code);
    this.#head(event, code);
    this.part("event-code").value = event.code;
    for (const [id, value, able] of /** @type {[string, string, boolean][]} */ ([["event-side", event.side, code.sided], ["event-intensity", event.intensity, code.graded]])) {
      for (const button of this.part(id).children) {
        button.setAttribute("aria-pressed", String(able && button.value === value));
        button.disabled = !able;
      }
    }
    for (const input of this.root.querySelectorAll("[data-time]")) {
      if (isOther || document.activeElement !== input) /** @type {HTMLInputElement} */ (input).value = formatTime(/** @type {any} */ (event)[input.getAttribute("data-time") ?? ""]);
    }
    if (isOther || document.activeElement !== this.part("event-note")) this.part("event-note").value = event.note;
    if (isOther) this.say("");
    this.part("event-fields").disabled = !this.options.editable || event.deleted;
    if (this.options.editable) this.#actions(event);
    this.#compare(event);
    this.#warn(event);
  }

  /** Say what is wrong with what was typed. @param {string} sentence */
  say(sentence) {
    this.part("event-error").textContent = sentence;
  }

  /** @param {EventState} event @param {import("../lib/facs.js").Code} code */
  #head(event, code) {
    const chip = this.part("event-chip");
    chip.textContent = unit(event);
    chip.dataset.region = code.group;
    this.part("event-name").textContent = code.name;
    this.part("event-tier").replaceChildren(element("span", { class: "tier", "data-tier": code.tier, title: this.options.tierWords[code.tier] }, code.tier));
    const who = event.author ? ` by ${event.author}` : "";
    const sure = event.confidence === null ? "" : `, confidence ${event.confidence.toFixed(2)}`;
    const words = { proposed: `Proposed by the machine${sure}`, accepted: `Accepted${who}`, changed: `Changed${who}`, added: `Added${who}` };
    const standing = event.deleted ? `Deleted${who}` : words[/** @type {"added"} */ (event.standing)];
    this.part("event-standing").textContent = `${standing} · lasts ${formatDuration(event.offset_us - event.onset_us)}`;
    this.part("event-micro").hidden = !isMicro(this.options.micro, this.options.catalogue, event);
  }

  /** @param {EventState} event */
  #actions(event) {
    const machine = event.source ? this.options.proposal(event.source) : undefined;
    this.part("event-accept").hidden = this.part("event-accept-next").hidden = this.part("event-reject-next").hidden = event.deleted || event.standing !== "proposed";
    this.part("event-delete-word").textContent = event.source ? "Reject" : "Delete";
    this.part("event-proposal").hidden = event.deleted || !machine || !differences(machine, event).length;
    this.part("event-restore").hidden = !event.deleted;
    this.part("event-delete").hidden = event.deleted;
  }

  /** @param {EventState} event */
  #compare(event) {
    const machine = event.source ? this.options.proposal(event.source) : undefined;
    const apart = machine ? differences(machine, event) : [];
    const line = this.part("event-machine");
    line.hidden = !apart.length;
    line.textContent = apart.length ? `Different from the machine: ${apart.join("; ")}.` : "";
  }

  /** @param {EventState} event */
  #warn(event) {
    const others = event.deleted ? [] : this.options.catalogue.exclusive(event, this.options.store.standing());
    const list = this.part("event-warnings");
    list.hidden = !others.length;
    list.replaceChildren(...others.map((other) => element("li", {},
      `${event.code} and ${other.code} exclude each other in FACS, and ${unit(other)} is on from ${formatTime(other.onset_us)}. You can keep both.`)));
  }

  #listen() {
    const { store, catalogue, clock } = this.options;
    const press = (/** @type {string} */ id, /** @type {(event: EventState) => void} */ act) =>
      this.part(id).addEventListener("click", () => { if (this.event) act(this.event); });
    this.part("event-code").addEventListener("change", () => {
      if (!this.event) return;
      const { code, side, intensity } = catalogue.fit({ ...this.event, code: this.part("event-code").value });
      store.change(this.event.id, { code, side, intensity });
    });
    for (const [id, name] of [["event-side", "side"], ["event-intensity", "intensity"]]) {
      this.part(id).addEventListener("click", (/** @type {Event} */ click) => {
        const button = click.target instanceof Element ? click.target.closest("button") : null;
        if (button && this.event) store.change(this.event.id, { [name]: button.value });
      });
    }
    for (const input of this.root.querySelectorAll("[data-time]")) this.#listenToTime(/** @type {HTMLInputElement} */ (input));
    for (const button of this.root.querySelectorAll("[data-nudge]")) {
      button.addEventListener("click", () => this.#nudge(button.getAttribute("data-nudge") ?? "", Number(/** @type {HTMLButtonElement} */ (button).value)));
    }
    for (const button of this.root.querySelectorAll("[data-set]")) {
      button.addEventListener("click", () => this.#setTime(button.getAttribute("data-set") ?? "", clock.timeUs));
    }
    this.part("event-note").addEventListener("change", () => { if (this.event) store.change(this.event.id, { note: this.part("event-note").value.trim() }); });
    press("event-accept", ({ id }) => store.accept(id));
    press("event-delete", ({ id }) => store.remove(id));
    press("event-restore", ({ id }) => store.revive(id));
    press("event-proposal", (event) => {
      const machine = this.options.proposal(event.source ?? "");
      if (machine) store.restore(event.id, 1, { ...machine, standing: "proposed", deleted: false });
    });
  }

  /** @param {HTMLInputElement} input */
  #listenToTime(input) {
    const name = input.dataset.time ?? "";
    const take = () => {
      if (!this.event || input.value === formatTime(/** @type {any} */ (this.event)[name])) return;
      const us = parseTime(input.value);
      if (Number.isNaN(us)) this.say("Write a time as minutes, seconds and thousandths, such as 3:12.480.");
      else this.#setTime(name, this.options.clock.frames.timeOf(this.options.clock.frames.nearest(us)));
    };
    input.addEventListener("change", take);
    input.addEventListener("blur", () => this.event && (input.value = formatTime(/** @type {any} */ (this.event)[name])));
    input.addEventListener("keydown", (key) => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[key.key];
      if (by) {
        key.preventDefault();
        this.#nudge(name, by);
        input.value = this.event ? formatTime(/** @type {any} */ (this.event)[name]) : "";
      } else if (key.key === "Enter") input.blur();
    });
  }

  /** @param {string} name @param {number} frames */
  #nudge(name, frames) {
    if (!this.event) return;
    const table = this.options.clock.frames;
    this.#setTime(name, table.timeOf(table.at(/** @type {any} */ (this.event)[name]) + frames), true);
  }

  /** @param {string} name @param {number} us @param {boolean} [merge] */
  #setTime(name, us, merge = false) {
    if (!this.event) return;
    this.say("");
    this.options.store.change(this.event.id, moveEdge(this.event, /** @type {import("../lib/rows.js").Edge} */ (name), us), { merge });
    this.options.onLook(us);
  }
}

/** @param {import("../lib/facs.js").Catalogue} catalogue */
function codeGroups(catalogue) {
  return Object.entries(GROUP_NAMES).map(([group, label]) => element("optgroup", { label },
    ...catalogue.codes.filter((code) => code.group === group).map((code) => element("option", { value: code.code }, `${code.code}  ${code.name}`))));
}
