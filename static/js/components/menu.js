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
  document.addEventListener("toggle", (event) => {
    const menu = event.target instanceof HTMLDetailsElement && event.target.matches("details.menu[open]") ? event.target : null;
    if (menu) keepInView(menu);
  }, { capture: true }); // toggle does not bubble
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.menu[open]");
    if (!open) return;
    open.removeAttribute("open");
    open.querySelector("summary")?.focus();
  });
  delegate("click", "[data-dismiss]", (_event, button) => button.closest(button.dataset.dismiss ?? "")?.remove());
}

/** A menu opens towards the middle of the page when it would leave the screen. @param {HTMLDetailsElement} menu */
function keepInView(menu) {
  const box = menu.querySelector(".menu__body")?.getBoundingClientRect();
  if (!box) return;
  if (box.left < 0) menu.classList.add("menu--start");
  else if (box.right > document.documentElement.clientWidth) menu.classList.remove("menu--start");
}
