/** Everything an event ever said, who said it and when. */
import { element } from "../lib/dom.js";
import { unit } from "../lib/facs.js";
import { getJson } from "../lib/http.js";
import { formatTime, relativeTime } from "../lib/time.js";

const WORDS = {
  code: "code", side: "side", intensity: "intensity", onset_us: "onset", apex_us: "apex", offset_us: "offset", note: "note", face: "face",
};

/** @param {string} name @param {any} value */
const written = (name, value) => (name.endsWith("_us") ? formatTime(value) : name === "face" ? String(value + 1) : value || "none");

/**
 * What differs between two contents, as words: `intensity C → D`.
 * @param {any} before
 * @param {any} after
 * @returns {string[]}
 */
export function differences(before, after) {
  return Object.entries(WORDS).filter(([name]) => before[name] !== after[name])
    .map(([name, word]) => `${word} ${written(name, before[name])} → ${written(name, after[name])}`);
}

export class EventHistory {
  #asked = 0;

  /**
   * @param {HTMLDetailsElement} fold
   * @param {{url: (id: string) => string, isPending?: (id: string) => boolean, onRestore: ((revision: any) => void) | null}} options
   *   `isPending`: whether changes of the event are still on their way; `onRestore` null when nothing can be changed
   */
  constructor(fold, { url, onRestore, isPending = () => false }) {
    this.fold = fold;
    this.list = /** @type {HTMLElement} */ (fold.querySelector("ol"));
    this.url = url;
    this.onRestore = onRestore;
    this.isPending = isPending;
    /** @type {{id: string, number: number} | null} */ this.shown = null;
    /** @type {import("../lib/event-store.js").EventState | null} */ this.event = null;
    fold.addEventListener("toggle", () => this.show(this.event));
  }

  /** @param {import("../lib/event-store.js").EventState | null} event */
  async show(event) {
    const isOther = event?.id !== this.event?.id;
    this.event = event;
    if (isOther) { // nobody goes back to what another event said
      this.#asked += 1;
      this.shown = null;
      this.list.replaceChildren();
    }
    if (!event || !this.fold.open || this.isPending(event.id)) return;
    if (this.shown?.id === event.id && this.shown.number === event.number) return;
    const asked = (this.#asked += 1);
    try {
      const { revisions } = await getJson(this.url(event.id));
      if (asked !== this.#asked) return;
      this.shown = { id: event.id, number: event.number };
      this.list.replaceChildren(...revisions.map((/** @type {any} */ revision, /** @type {number} */ index) =>
        this.#line(revision, revisions[index + 1], index === 0)));
    } catch (error) {
      if (asked !== this.#asked) return;
      this.list.replaceChildren(element("li", { class: "quiet" }, error instanceof Error ? error.message : ""));
    }
  }

  /** @param {any} revision @param {any} before @param {boolean} isNow */
  #line(revision, before, isNow) {
    const moment = new Date(revision.at);
    let what = revision.action === "restore" ? `Went back to revision ${revision.restores}` : revision.label;
    if (revision.deleted && revision.action !== "delete") what += " (deleted)";
    const says = before ? differences(before, revision) : [`${unit(revision)}, ${formatTime(revision.onset_us)} to ${formatTime(revision.offset_us)}`];
    const back = this.onRestore && !isNow ? element("button", { class: "button button--quiet", type: "button" }, "Go back to this") : null;
    back?.addEventListener("click", () => this.onRestore?.(revision));
    return element("li", { class: "history__line" },
      element("span", {}, element("strong", {}, `${revision.number}. ${what}`), revision.author ? ` by ${revision.author}` : "", " ",
        element("time", { class: "quiet", datetime: revision.at, title: moment.toLocaleString("en-GB") }, relativeTime(moment))),
      ...(says.length ? [element("span", { class: "quiet" }, says.join("; "))] : []), ...(back ? [back] : []));
  }
}
