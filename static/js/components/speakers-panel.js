/** Who speaks when, marked by hand: begun from what was heard, cut and given to a speaker at the playhead. */
import { element } from "../lib/dom.js";
import { at, joined, names, put, renamed, split, without } from "../lib/speech-marks.js";
import { button, fill, makeList, part, times } from "./marks-shared.js";
import { wholeRange } from "./event-actions.js";

const PAUSE_MS = 1500; // every version has the voice analysed again
const SHOWN = 40;

/** @param {import("../lib/speech-marks.js").Segment[]} marks @returns {import("../lib/lane-items.js").Lane | null} */
export function speakersLane(marks) {
  if (!marks.length) return null;
  const items = marks.map(({ start_us, end_us, speaker }) => ({ from: start_us, to: end_us, label: speaker }));
  return { id: "speakers", name: "Who speaks", kind: "spans", note: "Who speaks when, marked by people.", items };
}

/** @param {import("../pages/review.js").Review} review @param {import("./meaning-lanes.js").MeaningLanes} lanes @param {() => void} onStored */
export function installSpeakers(review, lanes, onStored) {
  if (!part("speakers")) return;
  const list = makeList(review, { name: "speakers", url: part("marks-box").dataset.speakers, pauseMs: PAUSE_MS, onStored });
  const name = /** @type {HTMLInputElement} */ (part("speech-name"));
  const say = (/** @type {string} */ words) => { part("speech-problem").textContent = words; };

  /** Do something with the list once it is here. @param {string} id @param {() => string | void} act says why it cannot be done */
  const press = (id, act) => part(id).addEventListener("click", async () => {
    review.drawer?.show("meaning");
    part("speakers").open = true;
    await list.load();
    if (list.saver) say(act() ?? "");
  });
  const speaker = () => name.value.trim();
  const nameless = () => { name.focus(); return "Write who it is under “Speaker” first."; };

  press("speech-add", () => {
    const range = wholeRange(review);
    if (!range || range.endUs <= range.startUs) return "Mark a beginning and an end on the timeline first (Onset and Offset, with no event selected).";
    if (!speaker()) return nameless();
    list.apply(put(list.marks, { start_us: range.startUs, end_us: range.endUs, speaker: speaker() }));
    review.setRange(null);
  });
  press("speech-split", () => {
    const after = split(list.marks, review.clock.timeUs);
    if (!after) return "Nobody is marked as speaking at the playhead, or the playhead is at an edge.";
    list.apply(after);
  });
  press("speech-give", () => {
    const index = at(list.marks, review.clock.timeUs);
    if (index < 0) return "Nobody is marked as speaking at the playhead.";
    if (!speaker()) return nameless();
    if (list.marks[index].speaker !== speaker()) list.apply(renamed(list.marks, index, speaker()));
  });
  press("speech-take", () => { list.apply(list.heard.map((one) => ({ ...one }))); });

  /** @param {import("../lib/speech-marks.js").Segment} one @param {number} index */
  const entry = (one, index) => {
    const field = element("input", { class: "marks__speaker", maxlength: "80", list: "speech-names", autocomplete: "off", "aria-label": "Speaker", "data-focus": `${index}-name` });
    field.value = one.speaker;
    field.addEventListener("change", () => {
      const now = field.value.trim();
      if (now && now !== one.speaker) list.apply(renamed(list.marks, index, now));
      else field.value = one.speaker;
    });
    return element("li", { class: "marks__item" }, field, element("div", { class: "marks__line" }, times(review, one.start_us, one.end_us, String(index)),
      ...(list.marks[index + 1] ? [button("Join", () => list.apply(joined(list.marks, index)), { key: `${index}-join`, name: "Join with the next stretch", more: "button--quiet" })] : []),
      button("Delete", () => { list.apply(without(list.marks, index)); part("speakers-undo").focus(); }, { key: `${index}-delete`, name: "Delete this stretch", more: "button--quiet" })));
  };

  let said = "";
  const draw = (anew = false) => {
    if (!part("speakers").open || (!anew && part("speech-list").contains(document.activeElement))) return;
    const all = list.marks.map((one, index) => ({ one, index }));
    const from = list.marks.length > SHOWN ? Math.min(Math.max(0, list.marks.findIndex(({ end_us }) => end_us > review.clock.timeUs) - 2), list.marks.length - SHOWN) : 0;
    const key = JSON.stringify([from, list.marks.length]);
    if (key === said && !anew) return;
    said = key;
    part("speech-shown").textContent = list.marks.length > SHOWN ? `${SHOWN} of ${list.marks.length} around the playhead.` : "";
    fill(part("speech-list"), list.saver && !all.length ? [element("li", { class: "quiet" }, "Nobody is marked yet.")] : all.slice(from, from + SHOWN).map(({ one, index }) => entry(one, index)));
  };
  list.addEventListener("change", () => {
    draw(true);
    const same = JSON.stringify(list.heard) === JSON.stringify(list.marks);
    part("speech-take").hidden = !list.heard.length || same;
    const all = names([...list.marks, ...list.heard]);
    part("speech-names").replaceChildren(...all.map((value) => element("option", { value })));
    if (!name.value && all.length) [name.value] = all;
    if (list.saver) lanes.setOwn("speakers", speakersLane(list.marks));
  });
  part("speakers").addEventListener("toggle", () => draw(true));
  review.addEventListener("tick", () => draw());
  return list;
}
