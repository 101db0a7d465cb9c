import { delegate } from "../lib/dom.js";

/** <details class="menu"> closes on Escape, on a click elsewhere and when focus leaves it. [data-dismiss] removes its box. */
export function installMenus() {
  const closeAll = (/** @type {Node | null} */ except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!except || !menu.contains(except)) menu.removeAttribute("open");
    }
  };
  document.addEventListener("click", (event) => closeAll(event.target instanceof Node ? event.target : null));
  document.addEventListener("focusin", (event) => closeAll(event.target instanceof Node ? event.target : null));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.menu[open]");
    if (!open) return;
    open.removeAttribute("open");
    open.querySelector("summary")?.focus();
  });
  delegate("click", "[data-dismiss]", (_event, button) => button.closest(button.dataset.dismiss ?? "")?.remove());
}
