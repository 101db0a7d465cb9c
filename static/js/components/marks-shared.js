/** What the panels of markers and of speakers have in common: the list from the server, undo and redo, the state of storing, earlier versions. */
import { element } from "../lib/dom.js";
import { getJson, postJson } from "../lib/http.js";
import { MarksList } from "../lib/marks-list.js";
import { formatTime, relativeTime } from "../lib/time.js";
import { toastError } from "../lib/toast.js";

const WORDS = { saved: "Saved", unsaved: "Not saved yet", saving: "Saving…", waiting: "Not saved", "signed-out": "Not saved", invalid: "Not saved", changed: "Not saved", refused: "Not saved" };

/** @param {string} id @returns {any} */
export const part = (id) => document.getElementById(id);

/**
 * A button; `key` finds it again after its list was drawn anew.
 * @param {string} label @param {() => void} act @param {{key?: string, name?: string, more?: string}} [options]
 */
export function button(label, act, { key = "", name = "", more = "" } = {}) {
  const node = element("button", { class: `button ${more}`, type: "button", "data-focus": key || null, "aria-label": name || null }, label);
  node.addEventListener("click", act);
  return node;
}

/** Buttons that lead to a beginning and an end. @param {import("../pages/review.js").Review} review @param {number} from @param {number | null} to @param {string} key */
export function times(review, from, to, key) {
  const look = (/** @type {number} */ us, /** @type {string} */ which) => button(formatTime(us), () => review.look(us), { key: `${key}-${which}`, name: `Go to the ${which}, ${formatTime(us)}`, more: "button--quiet meaning__look" });
  return element("span", { class: "meaning__times" }, look(from, "beginning"), ...(to === null ? [] : ["to", look(to, "end")]));
}

/** Fill a list anew and leave the focus where it was. @param {HTMLElement} list @param {Node[]} nodes */
export function fill(list, nodes) {
  const focused = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.focus : "";
  list.replaceChildren(...nodes);
  if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-focus="${CSS.escape(focused)}"]`))?.focus();
}

/**
 * @param {import("../pages/review.js").Review} review
 * @param {{name: string, url: string, pauseMs?: number, onStored: () => void}} options `name`: markers or speakers, as the elements' ids begin
 */
export function makeList(review, { name, url, pauseMs = 0, onStored }) {
  const list = new MarksList({
    get: (revision) => getJson(revision === undefined ? url : `${url}?revision=${revision}`),
    post: (marks, expected, faces) => postJson(url, { marks, expected, ...(faces ? { faces } : {}) }), pauseMs,
  });
  const show = () => {
    const state = list.saver?.state ?? "unsaved";
    const words = list.saver ? (list.versions.length || list.unsaved ? WORDS[state] : "") : list.problem ? "" : "Loading…";
    if (part(`${name}-state`).textContent !== words) part(`${name}-state`).textContent = words;
    part(`${name}-undo`).disabled = !list.canUndo;
    part(`${name}-redo`).disabled = !list.canRedo;
    part(`${name}-count`).textContent = list.marks.length ? `(${list.marks.length})` : "";
    trouble();
    versions();
  };
  const trouble = () => {
    const box = part(`${name}-trouble`);
    const bad = list.problem || (list.saver && !["saved", "unsaved", "saving"].includes(list.saver.state) ? list.saver.message || "They were not stored." : "");
    box.hidden = !bad;
    if (!bad) return box.replaceChildren();
    const mine = [button("Store mine as the newest", () => list.saver?.overwrite()), button("Take theirs", () => list.takeTheirs())];
    const again = [button("Try again", () => (list.saver ? list.saver.save() : list.load()))];
    box.replaceChildren(element("p", {}, bad), ...(list.theirs ? [element("p", { class: "quiet" }, `Theirs has ${list.theirs.marks.length}, yours ${list.marks.length}. Both stay under “Earlier versions” when you store yours.`)] : []),
      element("div", { class: "marks__actions" }, ...(list.saver?.state === "changed" ? mine : again)));
  };
  const versions = () => {
    const box = part(`${name}-versions`);
    box.hidden = list.versions.length < 2;
    fill(box.querySelector("ol"), list.versions.slice(1).map(({ number, author, at, count, said }) => element("li", { class: "marks__version" },
      element("span", {}, `${number}: ${count} ${name === "markers" ? (count === 1 ? "marker" : "markers") : count === 1 ? "stretch" : "stretches"}${said ? `, said of ${said} who they are` : ""}, ${author}, ${relativeTime(new Date(at))}`),
      button("Bring it back", () => list.restore(number).catch(toastError), { key: String(number), name: `Bring version ${number} back` }))));
  };
  list.addEventListener("change", show);
  list.addEventListener("stored", onStored);
  part(`${name}-undo`).addEventListener("click", () => list.undo());
  part(`${name}-redo`).addEventListener("click", () => list.redo());
  part(name).addEventListener("toggle", () => { if (part(name).open) list.load(); });
  review.addEventListener("drawer", () => { if (review.drawer?.shows("meaning")) list.load(); });
  addEventListener("online", () => list.saver?.save());
  addEventListener("beforeunload", (event) => {
    if (!list.unsaved) return;
    list.saver?.save();
    event.preventDefault();
  });
  show();
  return list;
}
