/** A report that is being made: asks until it is there, then shows it. */
import { getJson } from "../lib/http.js";

const FIRST_MS = 700;
const SLOWEST_MS = 5000;

const notice = document.querySelector("[data-report-state]");
if (notice instanceof HTMLElement) wait(notice.dataset.reportState ?? "", FIRST_MS);

/** @param {string} url @param {number} pause */
function wait(url, pause) {
  window.setTimeout(async () => {
    let state = "waiting";
    try {
      ({ state } = await getJson(url));
    } catch {
      // No network for a moment: the next question may be answered.
    }
    if (state !== "waiting") window.location.reload();
    else wait(url, Math.min(SLOWEST_MS, pause * 1.3));
  }, pause);
}
