/** The drawer's tab “Meaning”: what stands at the playhead, and a lane's list. Each entry leads to its frames. */
import { element } from "../lib/dom.js";
import { formatTime } from "../lib/time.js";
import { installMarkers } from "./markers-panel.js";
import { MeaningLanes } from "./meaning-lanes.js";
import { installSpeakers } from "./speakers-panel.js";

const MOST = 400;

/** @param {import("../pages/review.js").Review} review */
export function installMeaning(review) {
  const box = document.getElementById("meaning");
  const panel = document.getElementById("meaning-said");
  if (!box || !panel) return;
  let chosen = "";
  const lanes = new MeaningLanes(box, {
    redraw: () => review.timeline.redraw(),
    onLook: (us) => { review.look(us); review.drawer?.shows("meaning") || review.drawer?.isOpen && review.drawer.show("meaning"); },
    onLane: (id) => { chosen = id; review.drawer?.show("meaning"); draw(); },
  });
  review.timeline.meaning = lanes;
  lanes.openFace(review.face);
  let said = "";

  /** @param {number} us @param {string} text @param {string} [label] */
  const look = (us, text, label) => {
    const button = element("button", { class: "button button--quiet meaning__look", type: "button", "aria-label": label ?? `Look at ${text}` }, text);
    button.addEventListener("click", () => review.look(us));
    return button;
  };

  /** @param {import("../lib/lane-items.js").Item} item */
  const entry = (item) => element("li", { class: "meaning__item" },
    element("strong", {}, item.label),
    ...(item.lines ?? []).map((line) => element("span", { class: "quiet" }, line)),
    element("span", { class: "meaning__times" }, look(item.from, formatTime(item.from), `Go to the beginning, ${formatTime(item.from)}`), "to", look(item.to, formatTime(item.to), `Go to the end, ${formatTime(item.to)}`),
      ...(item.at !== undefined && item.at !== item.from ? [look(item.at, `apex ${formatTime(item.at)}`, `Go to the apex, ${formatTime(item.at)}`)] : [])));

  const now = () => {
    const found = lanes.at(review.clock.timeUs).filter(({ items, value }) => items.length || value);
    if (!found.length) return [element("p", { class: "quiet" }, "Nothing is marked at this moment.")];
    return found.map(({ lane, items, value }) => element("div", {},
      element("h3", { class: "meaning__lane" }, lane.name),
      ...(value ? [element("p", { class: "num" }, `${value.value.toFixed(2)} ${lane.unit ?? ""}${value.low === null || value.high === null ? "" : `, 90 % interval ${value.low.toFixed(2)} to ${value.high.toFixed(2)}`}`)] : []),
      ...(items.length ? [element("ul", { class: "plain" }, ...items.map(entry))] : [])));
  };

  const list = () => {
    const lane = lanes.lanes.find(({ id }) => id === chosen);
    const select = element("select", { id: "meaning-lane" }, element("option", { value: "" }, "Choose …"),
      ...lanes.lanes.filter(({ kind }) => kind === "spans").map(({ id, name, items }) => element("option", { value: id, selected: id === chosen }, `${name} (${items?.length ?? 0})`)));
    select.addEventListener("change", () => { chosen = select.value; draw(true); });
    const items = lane?.items ?? [];
    return [element("label", { class: "row-filter__line" }, element("span", {}, "List of a lane"), select),
      ...(lane ? [element("p", { class: "quiet" }, lane.note)] : []),
      ...(lane && lane.kind === "spans" && !items.length ? [element("p", { class: "quiet" }, "There is none in this recording.")] : []),
      element("ul", { class: "plain" }, ...items.slice(0, MOST).map(entry)),
      ...(items.length > MOST ? [element("p", { class: "quiet" }, `The first ${MOST} of ${items.length}. The timeline shows them all.`)] : [])];
  };

  /** The whole session's indicators; with a value or without, the word stands beside it. */
  const indicators = () => !lanes.indicators ? [] : [
    element("h3", {}, "Indicators of the whole recording"),
    element("p", { class: "meaning__statement" }, lanes.indicators.statement),
    ...lanes.indicators.list.map((one) => element("div", { class: "meaning__item" },
      element("strong", {}, one.name),
      ...(one.value === null ? [element("span", {}, `no value, ${one.word}`), ...one.why.map((why) => element("span", { class: "quiet" }, why))]
        : [element("span", {}, `${one.value.toFixed(0)}, ${one.word}; 90 % interval ${one.low.toFixed(0)} to ${one.high.toFixed(0)} of 100`)]),
      element("span", { class: "quiet" }, one.formula)))];

  const draw = (anew = false) => {
    if (!review.drawer?.shows("meaning")) return;
    lanes.load();
    const moment = lanes.at(review.clock.timeUs).map(({ items, value }) => [items.map(({ from, label }) => `${from}${label}`), value?.value]);
    const key = JSON.stringify([lanes.words, chosen, lanes.face, lanes.lanes.length, lanes.indicators?.list, moment]);
    if (key === said && !anew) return;
    said = key;
    const focused = document.activeElement?.id === "meaning-lane";
    panel.replaceChildren(
      element("p", { class: "meaning__statement" }, lanes.statement || "Supportive indicators, never a diagnosis."),
      ...(lanes.words ? [element("p", { role: "status" }, lanes.words)] : []),
      element("h3", {}, "At the playhead"), ...now(),
      element("h3", {}, "In the whole recording"), ...list(), ...indicators(),
      ...(box.dataset.more ? [element("p", {}, element("a", { href: box.dataset.more }, "The whole session on one page"))] : []));
    if (focused) document.getElementById("meaning-lane")?.focus();
  };

  lanes.addEventListener("change", () => draw());
  const marks = [installMarkers, installSpeakers].map((install) => install(review, lanes, () => lanes.load(true)));
  const fold = document.getElementById("meaning-fold");
  const open = () => { if (fold?.getAttribute("aria-expanded") === "true") for (const list of marks) list?.load(); };
  fold?.addEventListener("click", open);
  open();
  for (const name of ["tick", "drawer"]) review.addEventListener(name, () => draw());
  review.addEventListener("face", () => lanes.openFace(review.face));
}
