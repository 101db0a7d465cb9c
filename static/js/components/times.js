import { relativeTime } from "../lib/time.js";

const EVERY_MS = 30_000;

/**
 * <time datetime="…" data-relative> reads "5 minutes ago"; <time datetime="…" data-local> reads the local date and time.
 * Both show the exact local moment on hover.
 */
export function installTimes() {
  const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
  const write = () => {
    for (const node of document.querySelectorAll("time[data-relative], time[data-local]")) {
      if (!(node instanceof HTMLTimeElement)) continue;
      const moment = new Date(node.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      node.title = exact.format(moment);
      node.textContent = node.dataset.relative === undefined ? exact.format(moment) : relativeTime(moment);
    }
  };
  write();
  setInterval(write, EVERY_MS);
  document.addEventListener("htmx:afterSwap", write);
}
