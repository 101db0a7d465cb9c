/** Who speaks when, marked by hand: begun from what was heard, cut and given to a speaker at the playhead. */
import { element } from "../lib/dom.js";
import { at, followed, joined, names, people, put, renamed, saidOf, say as saying, split, without } from "../lib/speech-marks.js";
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
  const press = (id, act) => part(id)?.addEventListener("click", async () => {
    review.drawer?.show("meaning");
    part("speakers").open = true;
    await list.load();
    if (list.saver) say(act() ?? "");
  });
  const speaker = () => name.value.trim();
  const written = () => /** @type {Record<string, number>} */ (list.asked?.written ?? {});
  const faces = () => list.faces ?? {};
  /** Another name for a stretch; what was said of the old one goes along. @param {number} index @param {string} to */
  const rename = (index, to) => {
    const after = renamed(list.marks, index, to);
    list.apply(after, followed(faces(), list.marks[index].speaker, to, after, written()));
  };
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
    if (list.marks[index].speaker !== speaker()) rename(index, speaker());
  });
  press("speech-take", () => { list.apply(list.heard.map((one) => ({ ...one }))); });

  /** @param {import("../lib/speech-marks.js").Segment} one @param {number} index */
  const entry = (one, index) => {
    const field = element("input", { class: "marks__speaker", maxlength: "80", list: "speech-names", autocomplete: "off", "aria-label": "Speaker", "data-focus": `${index}-name` });
    field.value = one.speaker;
    field.addEventListener("change", () => {
      const now = field.value.trim();
      if (now && now !== one.speaker) rename(index, now);
      else field.value = one.speaker;
    });
    return element("li", { class: "marks__item" }, field, element("div", { class: "marks__line" }, times(review, one.start_us, one.end_us, String(index)),
      ...(list.marks[index + 1] ? [button("Join", () => list.apply(joined(list.marks, index)), { key: `${index}-join`, name: "Join with the next stretch", more: "button--quiet" })] : []),
      button("Delete", () => { list.apply(without(list.marks, index)); part("speakers-undo").focus(); }, { key: `${index}-delete`, name: "Delete this stretch", more: "button--quiet" })));
  };

  /** Who is which face: a choice for everybody who speaks. */
  const drawWho = () => {
    const known = /** @type {{face: number, label: string}[]} */ (list.asked?.faces ?? []);
    const speaking = list.marks.length ? list.marks : list.heard;
    const all = people(speaking, written(), faces());
    part("speech-who").hidden = !list.asked || !all.length;
    const open = all.filter(({ name: one }) => saidOf(faces(), one) === undefined).length;
    const alone = list.asked?.people === 1 && names(speaking).length < 2 && Object.keys(written()).length < 2;
    part("speech-who-note").textContent = open < all.length ? (open ? `Of ${open} of ${all.length} nobody said who they are: their voice and words count for no face.` : "")
      : alone ? "One face and one speaker are taken to be the same person, though nobody said so. Say it here, or that they are not."
        : "Voice and words count for a face when it is said here whose they are. Until then they count for nobody.";
    fill(part("speech-who-list"), all.map(({ name: one, stretches, lines }) => {
      const chosen = saidOf(faces(), one);
      const option = (/** @type {string | number} */ value, /** @type {string} */ label) => element("option", { value: String(value), selected: String(value) === String(chosen ?? "") }, label);
      const select = element("select", { "data-focus": `who-${one}`, "aria-label": `Which face ${one} is` }, option("", "Not said"), ...known.map(({ face, label }) => option(face, label)), option("nobody", "Nobody in the picture"));
      select.addEventListener("change", () => list.apply(list.marks, saying(faces(), one, select.value === "" ? undefined : select.value === "nobody" ? "nobody" : Number(select.value))));
      const where = [...(stretches ? [`${stretches} ${stretches === 1 ? "stretch" : "stretches"}`] : []), ...(lines ? [`${lines} ${lines === 1 ? "line" : "lines"} of the transcript`] : [])];
      return element("li", { class: "marks__person" }, element("span", { class: "marks__what" }, one), select, element("span", { class: "quiet small" }, where.join(", ") || "speaks nowhere now"));
    }));
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
    fill(part("speech-list"), list.saver && !all.length && name ? [element("li", { class: "quiet" }, "Nobody is marked yet.")] : all.slice(from, from + SHOWN).map(({ one, index }) => entry(one, index)));
  };
  list.addEventListener("change", () => {
    draw(true);
    drawWho();
    if (!name) return;
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
