/**
 * What scrolls sideways can be reached and scrolled with the keyboard, and has a name; what fits is no stop of the Tab key.
 * Chromium does the first by itself for boxes without controls; Safari does not.
 */
const BOXES = ".table-scroll, [data-scrolls]";

export function installScrollRegions() {
  const watch = new ResizeObserver(mark);
  const begin = () => {
    for (const box of document.querySelectorAll(BOXES)) {
      watch.observe(box);
      if (box.firstElementChild) watch.observe(box.firstElementChild);
    }
    mark();
  };
  watch.observe(document.body); // what a page put in later makes it taller
  document.addEventListener("htmx:load", begin);
  begin();
}

function mark() {
  for (const box of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(BOXES))) {
    const scrolls = box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1;
    if (scrolls === (box.tabIndex === 0)) continue;
    if (scrolls) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
    if (box.hasAttribute("aria-label") && box.dataset.named === undefined) continue; // a section with a name of its own
    if (scrolls) {
      box.dataset.named = "";
      box.setAttribute("role", "region");
      box.setAttribute("aria-label", `${nameOf(box)}, scrolls sideways`);
    } else {
      for (const name of ["role", "aria-label", "data-named"]) box.removeAttribute(name);
    }
  }
}

/** @param {HTMLElement} box */
function nameOf(box) {
  const near = box.querySelector("caption") ?? box.closest("section, .panel, details")?.querySelector("h1, h2, h3, summary");
  return near?.textContent?.trim().replace(/\s+/g, " ").slice(0, 80) || "Table";
}
