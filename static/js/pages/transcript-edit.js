/** The transcript's editor: units beside the video. Every shortcut clicks a button that is there and says what it does. */
import { installPlayback } from "../components/transcript-playback.js";
import { Rows } from "../components/transcript-rows.js";
import { installSaving } from "../components/transcript-saving.js";
import { installTypingKeys } from "../components/transcript-keys.js";
import { installSpeakers } from "../components/transcript-speakers.js";
import { Draft } from "../lib/transcript-draft.js";
import { add, changed, fromRows, join, makeUnit, next, problems, remove, split } from "../lib/transcript.js";

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);

class Editor {
  /** @type {number | null} the unit that the buttons are about */ chosen = null;

  constructor() {
    this.data = JSON.parse(part("transcript-data").textContent);
    const units = fromRows(this.data.units);
    const timed = this.data.durationUs !== null || units.some(({ start }) => start !== null);
    this.draft = new Draft(units);
    this.playback = installPlayback(part("video"), this);
    this.rows = new Rows(part("units"), { timed, playable: this.playback !== null });
    this.limits = { durationUs: this.data.durationUs, longest: this.data.longest };
    /** @type {import("../lib/transcript.js").Problem[]} */ this.problems = [];
  }

  get units() {
    return this.draft.units;
  }

  /** Where the video stands, microseconds; null without one. */
  get nowUs() {
    return this.playback?.nowUs ?? null;
  }

  get index() {
    return this.chosen === null ? -1 : this.draft.indexOf(this.chosen);
  }

  /** The caret in the chosen unit's text. @returns {import("../lib/transcript.js").Place | null} */
  get place() {
    if (this.chosen === null) return null;
    return { key: this.chosen, caret: this.rows.row(this.chosen)?.text.selectionStart ?? 0 };
  }

  /** @param {number | null} key */
  choose(key) {
    if (key === this.chosen) return;
    this.chosen = key;
    this.rows.choose(key);
    this.enable();
  }

  /** @param {import("../lib/transcript.js").Result} result */
  act({ units, place }) {
    if (units.length > this.data.most) return;
    this.draft.apply(units, { from: this.place, to: place });
  }

  /** Show what the draft says now. @param {{place: import("../lib/transcript.js").Place | null, typed: boolean}} how */
  show({ place, typed }) {
    if (!typed) this.rows.show(this.units);
    if (place) {
      this.rows.focus(place.key, place.caret);
      this.choose(place.key);
    } else if (this.chosen !== null && this.index < 0) this.choose(this.units[0]?.key ?? null);
    part("nothing").hidden = this.units.length > 0;
    this.check();
    this.enable();
    this.playback?.follow();
  }

  check() {
    this.problems = problems(this.units, this.limits);
    this.rows.complain(this.problems, this.units);
  }

  /** Why it cannot be stored as it is; empty where it can. */
  why() {
    if (this.rows.unreadable.size) return "A time cannot be read. It is marked below.";
    const [first] = this.problems;
    return first ? `Unit ${first.index + 1}: ${first.message}` : "";
  }

  enable() {
    const { index, units } = this;
    const unit = units[index];
    const state = {
      undo: this.draft.canUndo, redo: this.draft.canRedo, next: Boolean(unit), split: Boolean(unit), remove: Boolean(unit),
      join: Boolean(unit) && index < units.length - 1, "set-start": Boolean(unit), "set-end": Boolean(unit), "play-unit": Boolean(unit) && unit.start !== null,
      "previous-unit": index > 0, "next-unit": Boolean(unit) && index < units.length - 1,
    };
    for (const [id, can] of Object.entries(state)) if (part(id)) part(id).disabled = !can;
  }

  /** @param {Partial<import("../lib/transcript.js").Unit>} values */
  set(values) {
    this.draft.apply(changed(this.units, this.index, values), { from: this.place });
  }

  /** Put text with several lines in place of what is selected: every line becomes a unit. @param {string} pasted */
  paste(pasted) {
    const unit = this.units[this.index];
    const { selectionStart: from, selectionEnd: to } = this.rows.row(unit.key)?.text ?? { selectionStart: 0, selectionEnd: 0 };
    const lines = pasted.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
    const [head, tail] = [unit.text.slice(0, from), unit.text.slice(to)];
    const last = lines.length - 1;
    const texts = lines.map((line, place) => (place === 0 ? head : "") + line + (place === last ? tail : ""));
    const more = texts.slice(1).map((text) => makeUnit({ text, speaker: unit.speaker }));
    const units = this.units.toSpliced(this.index, 1, { ...unit, text: texts[0] }, ...more);
    const end = more.at(-1) ?? unit;
    this.act({ units, place: { key: end.key, caret: texts[last].length - tail.length } });
  }

  /** @param {number} by */
  move(by) {
    const unit = this.units[this.index + by];
    if (unit) {
      this.rows.focus(unit.key, by < 0 ? unit.text.length : 0);
      this.choose(unit.key);
    }
  }
}

/** @param {Editor} editor */
function installButtons(editor) {
  const begin = () => editor.act(add(editor.units, -1, editor.nowUs));
  /** @type {Record<string, () => void>} */
  const actions = {
    first: begin,
    next: () => editor.act(next(editor.units, editor.index, editor.place?.caret ?? 0, editor.nowUs)),
    split: () => editor.act(split(editor.units, editor.index, editor.place?.caret ?? 0, editor.nowUs)),
    join: () => editor.act(join(editor.units, editor.index)),
    add: () => (editor.index < 0 && !editor.units.length ? begin() : editor.act(add(editor.units, editor.index < 0 ? editor.units.length - 1 : editor.index, editor.nowUs))),
    remove: () => editor.act(remove(editor.units, editor.index)),
    undo: () => editor.draft.undo(),
    redo: () => editor.draft.redo(),
    "set-start": () => editor.set({ start: editor.nowUs }),
    "set-end": () => editor.set({ end: editor.nowUs }),
    "play-unit": () => editor.playback?.playFrom(editor.units[editor.index].start),
    "previous-unit": () => editor.move(-1),
    "next-unit": () => editor.move(1),
  };
  for (const [id, act] of Object.entries(actions)) {
    const button = part(id);
    button?.addEventListener("pointerdown", (/** @type {Event} */ event) => event.preventDefault()); // the caret stays in the text
    button?.addEventListener("click", act);
  }
}

/** @param {Editor} editor */
function installRows(editor) {
  const { rows, draft } = editor;
  rows.addEventListener("field", (event) => {
    const { key, values, typing } = /** @type {CustomEvent} */ (event).detail;
    const index = draft.indexOf(key);
    if (index >= 0) draft.apply(changed(editor.units, index, values), { from: editor.place, typing });
  });
  rows.addEventListener("unreadable", () => {
    editor.check();
    editor.saver.touch();
  });
  draft.addEventListener("change", (event) => {
    editor.show(/** @type {CustomEvent} */ (event).detail);
    editor.saver.touch();
  });
  rows.list.addEventListener("focusin", (event) => editor.choose(rows.keyOf(/** @type {Element} */ (event.target))));
  rows.list.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const key = rows.keyOf(target);
    if (key === null) return;
    editor.choose(key);
    if (target.closest(".unit__play")) editor.playback?.playFrom(editor.units[editor.index].start);
  });
  rows.list.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!(event.target instanceof HTMLTextAreaElement) || !/\S\s*\n\s*\S/.test(text)) return;
    event.preventDefault();
    editor.choose(rows.keyOf(event.target));
    editor.paste(text);
  });
}

const editor = new Editor();
editor.saver = installSaving(editor);
installRows(editor);
installButtons(editor);
installTypingKeys(part("typing"), part("keys-list"));
installSpeakers(editor, part("speakers-line"), part("speaker-names"));
editor.rows.show(editor.units);
editor.choose(editor.units[0]?.key ?? null);
editor.show({ place: null, typed: true });
const wanted = Number(new URLSearchParams(location.search).get("at") ?? NaN);
if (Number.isFinite(wanted)) editor.playback?.seek(wanted);
document.documentElement.dataset.editor = "ready";
