/** The drawer's history: everything the chosen event ever said, and every change of the whole coding; any state can be brought back. */
import { confirmDialog } from "../lib/dialog.js";
import { element } from "../lib/dom.js";
import { unit } from "../lib/facs.js";
import { getJson } from "../lib/http.js";
import { formatTime, relativeTime } from "../lib/time.js";
import { toast, toastError } from "../lib/toast.js";
import { differences, EventHistory } from "./event-history.js";

/** The fold of the chosen event's history, before the page's parts look for it. @returns {HTMLDetailsElement} */
export function eventHistoryFold() {
  const fold = element("details", { class: "fold", id: "event-history", open: true }, element("summary", {}, "This event"),
    element("p", { class: "quiet small", id: "history-none" }, "Select an event to see everything that it ever said."),
    element("ol", { class: "history", id: "history-list" }));
  document.getElementById("drawer-history")?.append(fold);
  return fold;
}

/** @param {import("../pages/review.js").Review} review */
export function installLayerHistory(review) {
  const panel = document.getElementById("drawer-history");
  if (!panel || review.history.fold.parentElement !== panel) return;
  const none = /** @type {HTMLElement} */ (panel.querySelector("#history-none"));
  const code = element("select", { id: "history-code", "aria-label": "Changes of which code" }, element("option", { value: "" }, "all codes"));
  const list = element("ol", { class: "history", id: "layer-history-list" });
  const more = element("button", { class: "button", type: "button", id: "layer-history-more", hidden: true }, "Older changes");
  const fold = element("details", { class: "fold", id: "layer-history" }, element("summary", {}, "Whole coding"),
    element("label", { class: "history__filter" }, "Show ", code), list, more);
  panel.append(fold);
  let shown = -1;
  let asked = 0;

  /** @param {number} before */
  const load = async (before) => {
    const mine = (asked += 1);
    try {
      const page = await getJson(`${review.data.urls.layerHistory}?before=${before}&code=${encodeURIComponent(code.value)}`);
      if (mine !== asked) return;
      const lines = page.changes.map((/** @type {any} */ change) => line(review, change));
      if (before) list.append(...lines);
      else list.replaceChildren(...lines);
      if (!list.children.length) list.append(element("li", { class: "quiet" }, "Nobody has changed anything yet."));
      more.hidden = !page.more;
      more.onclick = () => load(page.changes.at(-1).layer_revision);
    } catch (error) {
      if (mine !== asked) return;
      shown = -1; // the next look at it asks again
      list.replaceChildren(element("li", { class: "quiet" }, error instanceof Error ? error.message : ""));
    }
  };
  const show = () => {
    none.hidden = review.chosen !== null;
    if (!fold.open || !review.drawer?.shows("history") || shown === review.store.revision) return;
    shown = review.store.revision;
    const codes = [...new Set([...review.store.events.values()].map((event) => event.code))].sort((a, b) => parseInt(a.replace(/\D/g, ""), 10) - parseInt(b.replace(/\D/g, ""), 10));
    const wanted = code.value;
    code.replaceChildren(element("option", { value: "" }, "all codes"), ...codes.map((one) => element("option", { value: one }, one)));
    code.value = wanted;
    load(0);
  };
  code.addEventListener("change", () => load(0));
  fold.addEventListener("toggle", show);
  for (const name of ["refresh", "drawer", "select"]) review.addEventListener(name, show);
}

/** @param {import("../pages/review.js").Review} review @param {any} change */
function line(review, change) {
  const moment = new Date(change.at);
  const said = change.before ? differences(change.before, change) : [`${formatTime(change.onset_us)} to ${formatTime(change.offset_us)}`];
  const event = element("button", { class: "history__event", type: "button", title: "Select this event" }, unit(change));
  event.addEventListener("click", () => review.select(change.id, { look: true }));
  const words = element("span", {}, event, ` ${change.label.toLowerCase()}`, change.author ? ` by ${change.author}` : "", " ",
    element("time", { class: "quiet", datetime: change.at, title: moment.toLocaleString("en-GB") }, relativeTime(moment)));
  /** @type {Node[]} */ const parts = [words];
  if (said.length) parts.push(element("span", { class: "quiet" }, said.join("; ")));
  if (review.data.layer.editable && change.layer_revision < review.store.revision) {
    const back = element("button", { class: "button button--quiet", type: "button" }, "Everything back to here");
    back.addEventListener("click", () => goBack(review, change.layer_revision, moment).catch(toastError));
    parts.push(back);
  }
  return element("li", { class: "history__line" }, ...parts);
}

/** @param {import("../pages/review.js").Review} review @param {number} revision @param {Date} moment */
async function goBack(review, revision, moment) {
  const { store } = review;
  store.flush();
  if (store.unsaved) return void toast("Some changes are still being saved. Try again in a moment.", { tone: "attention" });
  const { events } = await getJson(`${review.data.urls.layerMoment}?revision=${revision}`);
  if (!events.length) return void toast("The coding says already what it said then.");
  const sure = await confirmDialog(`Bring the whole coding back to ${moment.toLocaleString("en-GB")}?`, {
    detail: `${events.length} ${events.length === 1 ? "event becomes" : "events become"} what ${events.length === 1 ? "it was" : "they were"} then. What was done since stays in the history, and one undo takes this back.`,
    action: "Bring it back",
  });
  if (!sure) return;
  store.together(() => {
    for (const { id, said } of events) {
      if (said) store.restore(id, said.number, said);
      else store.remove(id);
    }
  });
}

/**
 * @param {ConstructorParameters<typeof EventHistory>[1]} options
 * @returns {EventHistory}
 */
export const makeEventHistory = (options) => new EventHistory(eventHistoryFold(), options);
