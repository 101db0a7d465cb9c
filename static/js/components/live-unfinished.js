/** Sessions that were not ended, as after a crash: what this browser still has of them is sent, then they become recordings. */
import { confirmDialog } from "../lib/dialog.js";
import { element } from "../lib/dom.js";
import { FilmSender } from "../lib/film-sender.js";
import { FilmShelf } from "../lib/film-shelf.js";
import { postJson, request } from "../lib/http.js";
import { toastError } from "../lib/toast.js";

/** What a page holds while its session goes on; free when it ends, however it ends. @param {string} session */
export const lockOf = (session) => `facsweb.live.${session}`;

/** @param {HTMLElement} root */
export async function installUnfinished(root) {
  for (const row of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-unfinished]"))) {
    row.querySelector("[data-finish]")?.addEventListener("click", () => finish(row).catch(toastError));
    row.querySelector("[data-discard]")?.addEventListener("click", () => discard(row).catch(toastError));
  }
  const held = new Set((await navigator.locks?.query())?.held?.map(({ name }) => name));
  for (const row of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-unfinished]"))) {
    if (!held.has(lockOf(row.dataset.unfinished ?? ""))) continue;
    row.querySelector("[data-choices]")?.replaceChildren(element("span", { class: "quiet small" }, "It goes on in another tab of this browser. End it there."));
  }
  await new FilmShelf().sweep((session) => held.has(lockOf(session)));
}

/** @param {HTMLElement} row */
async function finish(row) {
  const { unfinished = "", film = "", end = "" } = row.dataset;
  const shelf = new FilmShelf();
  row.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(film, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" }, credentials: "same-origin" });
    // Only who began it can send the rest; a colleague makes a recording of what arrived.
    if (answer.ok) {
      const sender = new FilmSender({ session: unfinished, url: film, shelf, offset: Number(answer.headers.get("Upload-Offset")) });
      await sender.restore();
      await sender.drained();
    }
    const made = await postJson(end, {});
    await shelf.clear(unfinished);
    location.assign(made.url);
  } finally {
    row.removeAttribute("aria-busy");
  }
}

/** @param {HTMLElement} row */
async function discard(row) {
  const sure = await confirmDialog("Throw this session away?", { detail: "Everything that was recorded is deleted, here and on the server.", action: "Throw it away", danger: true });
  if (!sure) return;
  await request("POST", row.dataset.throwAway ?? "");
  await new FilmShelf().clear(row.dataset.unfinished ?? "");
  row.remove();
}
