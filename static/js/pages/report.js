/** A report, its documents or a package being made: asks until they are there, then shows them. */
import { getJson } from "../lib/http.js";

const FIRST_MS = 700;
const SLOWEST_MS = 5000;
const ACTIVE = ["queued", "running", "waiting"];

const report = document.querySelector("[data-report-state]");
if (report instanceof HTMLElement) wait(report.dataset.reportState ?? "", FIRST_MS, ({ state }) => ACTIVE.includes(state));

const documents = document.querySelector("[data-documents-state]");
if (documents instanceof HTMLElement && !report) {
  wait(documents.dataset.documentsState ?? "", FIRST_MS, (answer) => answer.documents > 0);
}

for (const made of document.querySelectorAll("[data-package-state]")) {
  if (!(made instanceof HTMLElement)) continue;
  const bar = made.querySelector("progress");
  wait(made.dataset.packageState ?? "", FIRST_MS, (answer) => {
    if (bar && answer.total) [bar.max, bar.value] = [answer.total, answer.done];
    return ACTIVE.includes(answer.state);
  });
}

/** @param {string} url @param {number} pause @param {(answer: any) => boolean} goesOn */
function wait(url, pause, goesOn) {
  window.setTimeout(async () => {
    let more = true;
    try {
      more = goesOn(await getJson(url));
    } catch {
      // No network for a moment: the next question may be answered.
    }
    if (more) wait(url, Math.min(SLOWEST_MS, pause * 1.3), goesOn);
    else window.location.reload();
  }, pause);
}
