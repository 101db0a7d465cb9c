/** The line between video and timeline: drag it, or use the arrow keys on it, for a larger video. A double click takes the usual width again. */
import { recall, remember } from "../lib/remembered.js";

const STEP = 24;
const LEAST = 280;
const LEAST_TIMELINE = 380;

/** @param {HTMLElement} page @param {HTMLElement} line */
export function installSplitter(page, line) {
  const stage = /** @type {HTMLElement} */ (page.querySelector(".stage"));
  const most = () => {
    const drawer = page.querySelector("#drawer");
    const beside = drawer && getComputedStyle(drawer).position === "static" ? drawer.getBoundingClientRect().width : 0;
    return Math.max(LEAST, page.clientWidth - beside - LEAST_TIMELINE);
  };
  const tell = () => {
    line.setAttribute("aria-valuemin", String(LEAST));
    line.setAttribute("aria-valuemax", String(Math.round(most())));
    line.setAttribute("aria-valuenow", String(Math.round(stage.clientWidth)));
    line.setAttribute("aria-valuetext", `${Math.round(stage.clientWidth)} pixels wide`);
  };
  /** @param {number | null} width null: as wide as usual */
  const set = (width, keep = true) => {
    if (width === null) page.style.removeProperty("--stage-width");
    else page.style.setProperty("--stage-width", `${Math.round(Math.min(Math.max(width, LEAST), most()))}px`);
    if (keep) remember("stage.width", width);
    tell();
  };
  const kept = recall("stage.width", 0);
  if (kept) set(kept, false);
  new ResizeObserver(tell).observe(stage);
  line.addEventListener("keydown", (event) => {
    /** @type {Record<string, () => void>} */
    const acts = {
      ArrowLeft: () => set(stage.clientWidth - STEP), ArrowRight: () => set(stage.clientWidth + STEP),
      Home: () => set(LEAST), End: () => set(most()), Enter: () => set(null),
    };
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  line.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    line.setPointerCapture(event.pointerId);
    event.preventDefault();
    line.focus();
  });
  line.addEventListener("pointermove", (event) => {
    if (line.hasPointerCapture(event.pointerId)) set(event.clientX - stage.getBoundingClientRect().left);
  });
  line.addEventListener("dblclick", () => set(null));
}
