/** What a coder does with events and the playhead beyond the editor's fields: marks, range, loop, cut, join, copy, the next one to review. */
import { contentOf, clip, merged, partner, split } from "../lib/event-edits.js";
import { unit } from "../lib/facs.js";
import { moveEdge } from "../lib/rows.js";
import { formatTime } from "../lib/time.js";
import { toast } from "../lib/toast.js";

/** @typedef {import("../lib/event-store.js").EventState} EventState */
/** @typedef {{startUs: number | null, endUs: number | null}} Range */

const DEFAULT_LENGTH_MS = 1000;

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);
const press = (/** @type {string} */ id, /** @type {() => void} */ act) => part(id)?.addEventListener("click", act);

/** @param {import("../pages/review.js").Review} review */
export const lengthUs = (review) => (review.preferences.values.length_ms ?? DEFAULT_LENGTH_MS) * 1000;

/** The range, where both of its ends are marked. @param {import("../pages/review.js").Review} review @returns {{startUs: number, endUs: number} | null} */
export function wholeRange({ range }) {
  return range && range.startUs !== null && range.endUs !== null ? { startUs: range.startUs, endUs: range.endUs } : null;
}

/**
 * Times of a new event at the playhead, on frames, in the recording and in the stretch that is coded.
 * @param {import("../pages/review.js").Review} review @param {number} onset @param {number} length
 * @returns {{onset_us: number, apex_us: number, offset_us: number} | null} null where this moment is not to be coded
 */
export function timesAt(review, onset, length) {
  const { frames } = review.clock;
  const cut = clip(onset, onset + length, { spans: review.data.layer.spans ?? [], endUs: review.data.durationUs });
  if (!cut) return null;
  const offset_us = Math.max(frames.snap(cut[1]), onset);
  return { onset_us: onset, apex_us: frames.snap((onset + offset_us) / 2), offset_us };
}

/** @param {import("../pages/review.js").Review} review */
export function installEventActions(review) {
  installRange(review);
  installLoop(review);
  if (review.data.layer.editable) {
    installEdits(review);
    installAdding(review);
  }
  installUnreviewed(review);
}

/** @param {import("../pages/review.js").Review} review the selected event where it can change */
const changeable = ({ chosen, data }) => (chosen && !chosen.deleted && data.layer.editable ? chosen : null);

/** Onset, apex and offset at the playhead: of the selected event, otherwise of the range. @param {import("../pages/review.js").Review} review */
function installRange(review) {
  const { clock, store } = review;
  /** @param {Range | null} range */
  const set = (range) => {
    review.range = range && range.startUs === null && range.endUs === null ? null : range;
    const whole = wholeRange(review);
    review.timeline.setRange(whole && { fromUs: whole.startUs, toUs: whole.endUs });
    review.dispatchEvent(new Event("range"));
  };
  review.setRange = set;
  const move = (/** @type {import("../lib/rows.js").Edge} */ edge) => {
    const event = changeable(review);
    if (event) return void store.change(event.id, moveEdge(event, edge, clock.timeUs));
    if (edge === "apex_us") return void toast("Select an event to mark its apex.");
    const { startUs = null, endUs = null } = review.range ?? {};
    const us = clock.timeUs;
    if (edge === "onset_us") set({ startUs: us, endUs: endUs !== null && endUs > us ? endUs : null });
    else set({ startUs: startUs !== null && startUs < us ? startUs : null, endUs: us });
  };
  press("mark-onset", () => move("onset_us"));
  press("mark-apex", () => move("apex_us"));
  press("mark-offset", () => move("offset_us"));
  press("clear", () => {
    if (review.range) set(null);
    else review.select(null);
  });
  press("range-clear", () => set(null));
  const say = () => {
    const { startUs, endUs } = review.range ?? { startUs: null, endUs: null };
    part("range").hidden = !review.range;
    part("range-said").textContent = `Range ${startUs === null ? "…" : formatTime(startUs)} – ${endUs === null ? "…" : formatTime(endUs)}`;
  };
  review.addEventListener("range", say);
  say();
}

/** @param {import("../pages/review.js").Review} review */
function installLoop(review) {
  const button = part("loop");
  const { clock } = review;
  const apply = () => {
    const range = wholeRange(review);
    const event = review.chosen;
    const stretch = range ?? (event ? { startUs: event.onset_us, endUs: event.offset_us } : null);
    button.disabled = !stretch || !clock.video;
    clock.loop = stretch && button.getAttribute("aria-pressed") === "true" ? { startUs: stretch.startUs, endUs: Math.max(stretch.endUs, stretch.startUs + 200_000) } : null;
  };
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    apply();
    if (!clock.loop) return;
    clock.seek(clock.frames.firstFrom(clock.loop.startUs));
    clock.play();
  });
  for (const type of ["refresh", "select", "range"]) review.addEventListener(type, apply);
  apply();
}

/** @param {import("../pages/review.js").Review} review */
function installEdits(review) {
  const { store, clock } = review;
  const on = (/** @type {string} */ id, /** @type {(event: EventState) => void} */ act) => press(id, () => {
    const event = changeable(review);
    if (event) act(event);
  });
  on("event-split", (event) => {
    const cut = split(event, clock.timeUs);
    if (!cut) return review.editor.say(`Move the playhead into ${unit(event)} to split it there.`);
    const second = store.together(() => {
      store.change(event.id, cut.first);
      return store.create(cut.second);
    });
    if (second) review.select(second.id, { reveal: false });
  });
  on("event-merge", (event) => {
    const other = partner(event, review.standing);
    if (!other) return review.editor.say(`There is no later event of ${event.code} on this face to merge with.`);
    store.together(() => {
      store.change(event.id, merged(event, other));
      store.remove(other.id);
    });
    review.editor.say("");
  });
  on("event-copy", (event) => review.codeLine?.copy(event));
  on("event-duplicate", (event) => {
    const times = timesAt(review, clock.timeUs, event.offset_us - event.onset_us);
    if (!times) return review.editor.say("The playhead stands outside of the stretches that you code.");
    const apex = Math.min(times.onset_us + event.apex_us - event.onset_us, times.offset_us);
    review.select(store.create({ ...contentOf(event), ...times, apex_us: clock.frames.snap(apex) }).id);
  });
  press("comment-add", () => review.dispatchEvent(new Event("comment")));
  const able = () => {
    const event = changeable(review);
    for (const id of ["event-split", "event-merge", "event-copy", "event-duplicate"]) if (part(id)) part(id).disabled = !event;
  };
  review.addEventListener("refresh", able);
  review.addEventListener("select", able);
  able();
}

/** @param {import("../pages/review.js").Review} review */
function installAdding(review) {
  press("event-add", () => {
    const range = wholeRange(review);
    const { frames } = review.clock;
    const onset = range?.startUs ?? Math.min(review.clock.timeUs, frames.timeOf(frames.length - 1));
    const times = timesAt(review, onset, range ? range.endUs - range.startUs : lengthUs(review));
    if (!times) return void toast("This moment is outside of the stretches that you code.", { tone: "bad" });
    const code = review.chosen?.code ?? review.timeline.code ?? "12";
    const event = review.store.create(review.catalogue.fit({ code, side: "both", intensity: "B", ...times, face: review.face, note: "" }));
    review.setRange(null);
    review.select(event.id);
    part("event-code").focus();
  });
}

/** @param {import("../pages/review.js").Review} review */
function installUnreviewed(review) {
  const waiting = () => review.listed().filter((event) => !event.deleted && event.standing === "proposed");
  const go = (/** @type {number} */ by) => {
    const listed = review.listed();
    const at = listed.findIndex((event) => event.id === review.selected);
    const from = at >= 0 ? at : listed.findIndex((event) => event.onset_us >= review.clock.timeUs) - (by > 0 ? 1 : 0);
    const open = waiting();
    const later = by > 0 ? open.find((event) => listed.indexOf(event) > from) ?? open[0] : open.findLast((event) => listed.indexOf(event) < from) ?? open.at(-1);
    if (later) review.select(later.id, { look: true });
    else toast(review.alone ? "Start coding to review the proposals." : "Every proposal on this face is reviewed.");
  };
  press("unreviewed-next", () => go(1));
  press("unreviewed-previous", () => go(-1));
  const andNext = (/** @type {string} */ id, /** @type {(id: string) => void} */ act) => press(id, () => {
    const event = changeable(review);
    if (!event) return;
    act(event.id);
    go(1);
  });
  andNext("event-accept-next", (id) => review.store.accept(id));
  andNext("event-reject-next", (id) => review.store.remove(id));
  const able = () => {
    const none = !waiting().length;
    for (const id of ["unreviewed-next", "unreviewed-previous"]) if (part(id)) part(id).disabled = none;
  };
  review.addEventListener("refresh", able);
  able();
}
