/** Tasks, questions and scenes in the drawer: marked at the playhead, changed, imported; on their lane at once. */
import { element } from "../lib/dom.js";
import { newId } from "../lib/id.js";
import { readMarkers, whyWrong } from "../lib/marker-csv.js";
import { formatTime, parseTime } from "../lib/time.js";
import { button, fill, makeList, part, times } from "./marks-shared.js";

const MOST = 500;
const NOTE = "Tasks, questions and scenes, marked by people.";

/** @typedef {{id: string, name: string, kind: string, start_us: number, end_us: number | null}} Marker */

/** @param {Marker[]} marks @returns {import("../lib/lane-items.js").Lane | null} */
export function markersLane(marks) {
  if (!marks.length) return null;
  const items = marks.map(({ name, kind, start_us, end_us }) => ({ from: start_us, to: end_us ?? start_us, label: name, lines: [kind], tone: "mark" }));
  return { id: "markers", name: "Markers", kind: "spans", note: NOTE, items };
}

/** @param {import("../pages/review.js").Review} review @param {import("./meaning-lanes.js").MeaningLanes} lanes @param {() => void} onStored */
export function installMarkers(review, lanes, onStored) {
  const list = makeList(review, { name: "markers", url: part("marks-box").dataset.markers, onStored });
  const ordered = (/** @type {Marker[]} */ marks) => [...marks].sort((a, b) => a.start_us - b.start_us);
  const form = /** @type {HTMLFormElement} */ (part("marker-form"));
  /** @type {Marker | null} the one that is changed; null for a new one */ let edited = null;
  /** @type {HTMLElement | null} */ let cameFrom = null;

  const fieldTime = (/** @type {string} */ name, /** @type {number | null | undefined} */ before) => {
    const text = part(`marker-${name}`).value.trim();
    if (!text) return null;
    return typeof before === "number" && formatTime(before) === text ? before : parseTime(text); // what was not touched keeps its microseconds
  };
  const set = (/** @type {string} */ name, /** @type {number | null} */ us) => { part(`marker-${name}`).value = us === null ? "" : formatTime(us); };

  /** @param {Marker | null} marker @param {HTMLElement | null} from */
  const open = (marker, from) => {
    edited = marker;
    cameFrom = from;
    part("marker-name").value = marker?.name ?? "";
    part("marker-kind").value = marker?.kind ?? (part("marker-kind").value || "question");
    set("start", marker?.start_us ?? review.clock.timeUs);
    set("end", marker?.end_us ?? null);
    part("marker-problem").textContent = "";
    form.hidden = false;
    part("marker-name").focus();
  };
  const close = () => {
    form.hidden = true;
    const key = cameFrom?.dataset.focus;
    const back = key ? part("marker-list").querySelector(`[data-focus="${CSS.escape(key)}"]`) : null;
    /** @type {HTMLElement} */ (back ?? part("marker-add")).focus();
  };

  part("marker-add").addEventListener("click", async () => {
    review.drawer?.show("meaning");
    part("markers").open = true;
    await list.load();
    if (list.saver) open(null, null);
  });
  for (const name of ["start", "end"]) part(`marker-${name}-now`).addEventListener("click", () => set(name, review.clock.timeUs));
  part("marker-cancel").addEventListener("click", close);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // the drawer stays
    event.stopPropagation();
    close();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const row = { name: part("marker-name").value.trim(), kind: part("marker-kind").value, start_us: fieldTime("start", edited?.start_us) ?? NaN, end_us: fieldTime("end", edited?.end_us) };
    const others = list.marks.filter(({ id }) => id !== edited?.id);
    const why = whyWrong(row, review.data.durationUs) || (others.length >= MOST ? `A recording takes at most ${MOST} markers.` : "");
    part("marker-problem").textContent = why;
    if (why) return;
    list.apply(ordered([...others, { id: edited?.id ?? newId(), ...row }]));
    close();
  });

  /** @param {Marker} marker */
  const entry = (marker) => element("li", { class: "marks__item" },
    element("span", { class: "marks__what" }, element("strong", {}, marker.name), " ", element("span", { class: "chip" }, marker.kind)),
    element("div", { class: "marks__line" }, times(review, marker.start_us, marker.end_us, marker.id),
      button("Edit", () => open(marker, /** @type {HTMLElement} */ (document.activeElement)), { key: `${marker.id}-edit`, name: `Edit ${marker.name}`, more: "button--quiet" }),
      button("Delete", () => { list.apply(list.marks.filter(({ id }) => id !== marker.id)); part("markers-undo").focus(); }, { key: `${marker.id}-delete`, name: `Delete ${marker.name}`, more: "button--quiet" })));

  list.addEventListener("change", () => {
    fill(part("marker-list"), list.saver && !list.marks.length ? [element("li", { class: "quiet" }, "None yet.")] : list.marks.map(entry));
    if (list.saver) lanes.setOwn("markers", markersLane(list.marks));
  });
  installImport(review, list, ordered);
  return list;
}

/**
 * A table that is pasted or chosen is shown before it is taken.
 * @param {import("../pages/review.js").Review} review @param {import("../lib/marks-list.js").MarksList} list @param {(marks: Marker[]) => Marker[]} ordered
 */
function installImport(review, list, ordered) {
  const table = /** @type {HTMLTextAreaElement} */ (part("marker-table"));
  const take = /** @type {HTMLButtonElement} */ (part("marker-take"));
  const read = () => readMarkers(table.value, review.data.durationUs);
  const show = () => {
    const { rows, problems } = read();
    const many = list.marks.length + rows.length > MOST;
    take.disabled = !rows.length || problems.length > 0 || many;
    take.textContent = rows.length ? `Add ${rows.length} ${rows.length === 1 ? "marker" : "markers"}` : "Add them";
    part("marker-preview").replaceChildren(
      ...(problems.length ? [element("p", { class: "field__error" }, `${problems.length} ${problems.length === 1 ? "line" : "lines"} cannot be taken. Mend them above; then all are added together.`)] : []),
      ...(many ? [element("p", { class: "field__error" }, `A recording takes at most ${MOST} markers.`)] : []),
      element("ul", { class: "plain" }, ...problems.slice(0, 20).map(({ line, why }) => element("li", {}, `Line ${line}: ${why}`)),
        ...rows.slice(0, 20).map(({ name, kind, start_us, end_us }) => element("li", { class: "quiet" }, `${name}, ${kind}, ${formatTime(start_us)}${end_us === null ? "" : ` to ${formatTime(end_us)}`}`)),
        ...(rows.length > 20 ? [element("li", { class: "quiet" }, `and ${rows.length - 20} more`)] : [])));
  };
  table.addEventListener("input", show);
  part("marker-file").addEventListener("change", async () => {
    const [file] = part("marker-file").files;
    if (!file) return;
    table.value = await file.text();
    part("marker-file").value = "";
    show();
  });
  take.addEventListener("click", () => {
    const { rows, problems } = read();
    if (!rows.length || problems.length) return;
    list.apply(ordered([...list.marks, ...rows.map((row) => ({ id: newId(), ...row }))]));
    table.value = "";
    show();
    part("marker-import").open = false;
    part("marker-import").querySelector("summary").focus();
  });
}
