/** Keys of the live page: each presses the button that has it in `data-key`, and nothing happens while somebody types. */
import { keyName } from "../lib/keys.js";

const TYPING = "input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]";

/** @param {HTMLElement} root */
export function installLiveKeys(root) {
  /** @type {Map<string, HTMLButtonElement[]>} */
  const known = new Map();
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (root.querySelectorAll("button[data-key]"))) {
    const key = button.dataset.key ?? "";
    known.set(key, [...(known.get(key) ?? []), button]);
    button.setAttribute("aria-keyshortcuts", key);
  }
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.defaultPrevented || event.isComposing || event.repeat || document.querySelector("dialog[open]")) return;
    if (target.closest(TYPING)) return;
    const button = known.get(keyName(event))?.find((one) => !one.disabled && one.checkVisibility());
    if (!button) return;
    event.preventDefault();
    button.click();
  });
}
