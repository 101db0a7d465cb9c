/** What the server refused: kept on this computer until the person has copied it, tried it again or put it away. Nothing typed vanishes. */
import { element } from "../lib/dom.js";
import { unit } from "../lib/facs.js";
import { formatTime } from "../lib/time.js";
import { toast } from "../lib/toast.js";
import { differences } from "./event-history.js";

const CONTENT = ["code", "side", "intensity", "onset_us", "apex_us", "offset_us", "face", "note"];
/** @type {Record<string, string>} */
const WORDS = { create: "Add", change: "Change", accept: "Accept", delete: "Delete", restore: "Go back with" };

/** @param {import("../lib/save-queue.js").Change} change @returns {string} */
export function changeInWords({ action, before, after }) {
  const times = `${formatTime(after.onset_us)} to ${formatTime(after.offset_us)}`;
  const what = before && action !== "accept" && action !== "delete" ? differences(before, after).join("; ") : "";
  return `${WORDS[action]} ${unit(before ?? after)}, ${times}${what ? `: ${what}` : ""}`;
}

/** @param {import("../lib/save-queue.js").Edit} edit */
const editInWords = (edit) => edit.changes.map(changeInWords).join("\n");

/** @param {object} from @returns {any} */
const contentOf = (from) => Object.fromEntries(CONTENT.map((name) => [name, /** @type {any} */ (from)[name]]));

/**
 * Do again what was refused, on top of what is there now.
 * @param {import("../lib/event-store.js").EventStore} store
 * @param {import("../lib/save-queue.js").Edit} edit
 */
export function tryAgain(store, edit) {
  store.together(() => {
    for (const { action, event_id: id, content, after } of edit.changes) {
      const now = store.events.get(id);
      if (after.deleted) store.remove(id);
      else if (!now) store.create(contentOf(after), id); // under its own id: what was refused on top of it finds it there
      else if (action === "accept") store.accept(id);
      else {
        if (now.deleted) store.revive(id);
        store.change(id, action === "change" ? content ?? {} : contentOf(after));
      }
    }
  });
}

/** @param {import("../pages/review.js").Review} review */
export function installNotStored(review) {
  const { store } = review;
  const box = document.getElementById("save-status");
  if (!box) return;
  const button = element("button", { class: "button button--quiet save__unstored", type: "button", id: "not-stored-open", hidden: true });
  box.append(button);
  const list = element("ul", { class: "unstored", id: "not-stored" });
  const close = element("button", { class: "button", value: "close" }, "Close");
  const dialog = element("dialog", { class: "dialog dialog--wide", "aria-labelledby": "not-stored-title" },
    element("form", { method: "dialog", class: "dialog__inner" },
      element("h2", { id: "not-stored-title" }, "Not stored"),
      element("p", {}, "The server refused these changes of yours. They are kept on this computer until you put them away."),
      list, element("div", { class: "dialog__actions" }, close)));
  document.body.append(dialog);
  const show = () => {
    const { refused } = store.queue;
    button.hidden = !refused.length;
    button.textContent = `${refused.length} not stored…`;
    list.replaceChildren(...refused.map((edit) => line(edit)));
    if (!refused.length && dialog.open) dialog.close();
  };

  /** @param {import("../lib/save-queue.js").Edit} edit */
  function line(edit) {
    const press = (/** @type {string} */ label, /** @type {() => void} */ act) => {
      const node = element("button", { class: "button", type: "button" }, label);
      node.addEventListener("click", act);
      return node;
    };
    const moment = new Date(edit.at);
    const now = edit.changes.map(({ event_id: id }) => store.events.get(id)).find((event) => event && !event.deleted);
    return element("li", { class: "unstored__line" },
      element("p", { class: "unstored__what" }, editInWords(edit)),
      element("p", { class: "quiet small" }, `${moment.toLocaleString("en-GB")} · ${edit.refused?.message ?? ""}`,
        ...(now ? [` There is now: ${unit(now)}, ${formatTime(now.onset_us)} to ${formatTime(now.offset_us)}${now.author ? `, by ${now.author}` : ""}.`] : [])),
      element("div", { class: "unstored__actions" },
        ...(review.data.layer.editable && store.state === "open" ? [press("Try on top of this", () => {
          tryAgain(store, edit);
          store.queue.dismiss(edit.id);
        })] : []),
        press("Copy", () => navigator.clipboard.writeText(`${editInWords(edit)}\n${JSON.stringify(edit.changes.map(({ after }) => contentOf(after)))}`)
          .then(() => toast("Copied."), () => toast("The browser does not allow copying. Select the text instead.", { tone: "attention" }))),
        press("Put away", () => store.queue.dismiss(edit.id))));
  }
  button.addEventListener("click", () => {
    show();
    dialog.showModal();
  });
  store.queue.onChange(show);
  store.addEventListener("change", () => { if (dialog.open) show(); });
}
