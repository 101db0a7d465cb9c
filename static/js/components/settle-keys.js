/** Keys of the adjudication page: each clicks the button that has it in `data-key`, if that can be seen and pressed. */
import { element } from "../lib/dom.js";
import { ariaKey, capsOf, keyName } from "../lib/keys.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const TYPING = "input, textarea, select, [contenteditable]";
const PRESSED = "button, a, summary";

/** @param {HTMLElement} root @param {HTMLDialogElement} dialog shows them all */
export function installSettleKeys(root, dialog) {
  const buttons = () => /** @type {HTMLButtonElement[]} */ ([...root.querySelectorAll("button[data-key]")]);
  for (const button of buttons()) button.setAttribute("aria-keyshortcuts", ariaKey(button.dataset.key ?? ""));
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (target.closest(TYPING)) {
      if (event.key === "Escape" && target instanceof HTMLElement) target.blur();
      return;
    }
    const name = keyName(event);
    if (["Space", "Enter"].includes(name) && target.closest(PRESSED)) return;
    const button = buttons().find((one) => one.dataset.key === name && one.checkVisibility());
    if (!button) return;
    event.preventDefault();
    if (!button.disabled) button.click();
  });
  // After a click with the pointer the focus goes back to the page, so that Space plays instead of pressing the button again.
  root.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button && event.detail > 0) button.blur();
  });
  root.querySelector("#keys-open")?.addEventListener("click", () => {
    dialog.querySelector("#keys-list")?.replaceChildren(...sections(root));
    dialog.showModal();
  });
}

/** @param {HTMLElement} root */
const sections = (root) => [...root.querySelectorAll("[data-keys]")].map((part) => element("section", {}, element("h3", {}, part.getAttribute("data-keys") ?? ""),
  ...[...part.querySelectorAll("button[data-key]")].map((button) => element("div", { class: "settle__key" },
    element("span", {}, button.getAttribute("aria-label") ?? button.textContent?.trim() ?? ""),
    element("span", {}, ...capsOf(button.getAttribute("data-key") ?? "", MAC).map((cap) => element("kbd", {}, cap)))))));
