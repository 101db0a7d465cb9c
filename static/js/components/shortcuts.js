/**
 * Keyboard shortcuts: each clicks the button that has it in `data-key` (or that the person gave it to), so everything has one way to
 * happen, a name, and a state. Nothing happens while somebody types, while a dialog is open, or when a part of the page has used the
 * key itself; a held key repeats only buttons with `data-repeat`.
 */
import { ariaKey, capsOf, keyName, Keymap } from "../lib/keys.js";
import { installKeysDialog } from "./keys-dialog.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const TYPING = "input:not([type=checkbox], [type=radio], [type=range], [type=button]), textarea, select, [contenteditable]";
const PRESSED = "button, a, summary, input"; // Space and Enter belong to these when they have the focus

/** @param {HTMLElement} button what it does, in words */
const labelOf = (button) => button.dataset.keyLabel ?? button.getAttribute("aria-label") ?? button.textContent?.trim() ?? "";

/** Every button of the page that can have a key. @param {ParentNode} root @returns {HTMLButtonElement[]} */
const buttonsOf = (root) => [...root.querySelectorAll("button[data-key]")].filter((button) => button instanceof HTMLButtonElement && button.id);

/** @param {ParentNode} root @returns {import("../lib/keys.js").Action[]} */
export const actionsOf = (root) => buttonsOf(root).map((button) => ({
  id: button.id, label: labelOf(button), section: button.closest("[data-keys]")?.getAttribute("data-keys") ?? "", key: button.dataset.key ?? "",
}));

/** Whether a key press belongs to what has the focus. @param {Element} target @param {string} name */
function isTaken(target, name) {
  if (target.closest(TYPING)) return true;
  return ["Space", "Enter"].includes(name) && target.closest(PRESSED) !== null;
}

/** @param {import("../pages/review.js").Review} review */
export function installShortcuts(review) {
  const root = /** @type {HTMLElement} */ (document.getElementById("review"));
  const keymap = new Keymap(actionsOf(root), review.preferences.values.keys);
  review.keymap = keymap;
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || document.querySelector("dialog[open]")) return;
    const name = keyName(event);
    if (isTaken(target, name)) {
      if (event.key === "Escape" && target instanceof HTMLElement) target.blur();
      return;
    }
    // Two buttons may offer one key where only one of them is there: the first that can be pressed has it.
    const found = keymap.having(name).map(({ id }) => document.getElementById(id)).filter((button) => button instanceof HTMLButtonElement);
    if (!found.length) {
      if (/^\d$/.test(name) && !event.repeat && review.codeLine?.begin(name)) event.preventDefault();
      return;
    }
    event.preventDefault();
    const button = found.find((one) => !one.matches(":disabled") && one.checkVisibility()) ?? found[0];
    if (button.matches(":disabled") || (event.repeat && !button.hasAttribute("data-repeat"))) return;
    button.click();
  });
  // After a click with the pointer the focus goes back to the page, so that Space plays instead of pressing the button again.
  root.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button && event.detail > 0) button.blur();
  });
  const tell = () => showKeys(root, keymap);
  tell();
  const dialog = installKeysDialog(/** @type {HTMLDialogElement} */ (document.getElementById("keys")), keymap, () => {
    review.preferences.set("keys", Object.keys(keymap.own).length ? { ...keymap.own } : undefined);
    tell();
  });
  root.querySelector("#keys-open")?.addEventListener("click", () => dialog.open());
}

/** Write the keys where people look for them: tooltips, `aria-keyshortcuts`, and sentences that name a key. @param {HTMLElement} root @param {Keymap} keymap */
function showKeys(root, keymap) {
  for (const button of buttonsOf(root)) {
    const key = keymap.keyOf(button.id);
    button.dataset.title ??= button.title || labelOf(button);
    button.title = key ? `${button.dataset.title} (${capsOf(key, MAC).join(" ")})` : button.dataset.title;
    if (key) button.setAttribute("aria-keyshortcuts", ariaKey(key));
    else button.removeAttribute("aria-keyshortcuts");
  }
  for (const said of document.querySelectorAll("[data-key-of]")) {
    const key = keymap.keyOf(said.getAttribute("data-key-of") ?? "");
    said.textContent = key ? capsOf(key, MAC).join(" ") : "–";
  }
}
