/** Practice on a gold-standard segment: what the standard says about each event as soon as it is stored, if one wants that. */
import { element } from "../lib/dom.js";
import { getJson } from "../lib/http.js";
import { formatTime } from "../lib/time.js";
import { waitForSaving } from "./save-status.js";

const PAUSE_MS = 400;

/** @typedef {{kind: string, says: string, gold: {facs: string, onset_us: number, offset_us: number} | null}} Verdict */

/** @param {any} review */
export function installPractice(review) {
  const url = review.data.urls.practiceFeedback;
  const link = document.getElementById("practice-check");
  const toggle = /** @type {HTMLInputElement | null} */ (document.getElementById("practice-instant"));
  if (!url || !(link instanceof HTMLAnchorElement) || !toggle) return;
  waitForSaving(link, review.store);
  const line = element("p", { class: "editor__standing small", id: "practice-verdict", role: "status" });
  document.getElementById("event-standing")?.after(line);
  /** @type {Record<string, Verdict>} */ let verdicts = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;

  const show = () => {
    const verdict = review.chosen && toggle.checked ? verdicts[review.chosen.id] : undefined;
    line.hidden = !verdict;
    if (verdict) line.replaceChildren(...words(verdict));
  };
  const ask = async () => {
    if (review.store.unsaved) return; // asked again when it is stored
    try {
      verdicts = (await getJson(url)).events;
    } catch {
      verdicts = {}; // the next change asks again; the check at the end does not need it
    }
    show();
  };
  const soon = () => {
    show();
    clearTimeout(timer);
    if (toggle.checked) timer = setTimeout(ask, PAUSE_MS);
  };
  toggle.addEventListener("change", soon);
  review.addEventListener("select", show);
  review.store.addEventListener("change", soon);
  review.store.queue.onChange((/** @type {string} */ state) => { if (state === "saved") soon(); });
  show();
}

/** @param {Verdict} verdict */
function words({ kind, says, gold }) {
  const tone = kind === "same" ? "good" : "attention";
  const chip = element("span", { class: "chip chip--status", "data-tone": tone }, says);
  if (!gold) return [chip];
  return [chip, element("span", {}, ` ${gold.facs}, ${formatTime(gold.onset_us)} to ${formatTime(gold.offset_us)}`)];
}
