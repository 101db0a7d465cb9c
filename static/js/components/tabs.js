import { delegate } from "../lib/dom.js";

/**
 * <div class="tabs" role="tablist"><button role="tab" aria-controls="panel-1" aria-selected="true">…</button>…</div>
 * with <section role="tabpanel" id="panel-1">. Arrow keys move, as in the ARIA authoring practices.
 */
export function installTabs() {
  delegate("click", '[role="tablist"] [role="tab"]', (_event, tab) => selectTab(tab));
  delegate("keydown", '[role="tablist"] [role="tab"]', (event, tab) => {
    const tabs = siblings(tab);
    const at = tabs.indexOf(tab);
    const { key } = /** @type {KeyboardEvent} */ (event);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[key];
    if (next === undefined) return;
    event.preventDefault();
    selectTab(tabs[(next + tabs.length) % tabs.length]);
  });
  for (const tab of document.querySelectorAll('[role="tablist"] [role="tab"][aria-selected="true"]')) {
    if (tab instanceof HTMLElement) selectTab(tab, false);
  }
  // On a phone the page one is on may stand beyond the edge.
  const here = document.querySelector(".tabs > [aria-current]");
  const row = here?.parentElement;
  if (here instanceof HTMLElement && row) row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}

/** @param {HTMLElement} tab @returns {HTMLElement[]} */
function siblings(tab) {
  return [...(tab.closest('[role="tablist"]')?.querySelectorAll('[role="tab"]') ?? [])].filter((node) => node instanceof HTMLElement);
}

/** Show a tab's panel; the list of tabs tells of `tab`. @param {HTMLElement} tab @param {boolean} [focus] */
export function selectTab(tab, focus = true) {
  for (const other of siblings(tab)) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    const panel = document.getElementById(other.getAttribute("aria-controls") ?? "");
    if (panel) panel.hidden = !chosen;
  }
  if (focus) tab.focus();
  tab.dispatchEvent(new Event("tab", { bubbles: true }));
}
