/**
 * Keyboard shortcuts: each clicks the button that has it in `data-key`, so everything has one way to happen, a name, and a state.
 * Nothing happens while somebody types, while a dialog is open, or when a part of the page has used the key itself.
 */
import { element } from "../lib/dom.js";

/** Other keys that mean the same. @type {Record<string, string>} */
const SAME = { "=": "+", _: "-", Backspace: "Delete", "Mod+y": "Mod+Shift+z" };
const NAMES = { Space: "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Shift: "Shift", "-": "−" };
const FIELDS = "input, textarea, select, [contenteditable]";

/** @param {KeyboardEvent} event @returns {string} such as `Shift+ArrowLeft`, `Mod+z`, `?` */
export function keyName(event) {
  const mod = event.ctrlKey || event.metaKey;
  const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shift = event.shiftKey && (key.length > 1 || mod); // "?" and "+" need Shift already
  const name = `${mod ? "Mod+" : ""}${shift ? "Shift+" : ""}${key}`;
  return SAME[name] ?? name;
}

/** @param {HTMLElement} root the part of the page whose buttons count @param {HTMLDialogElement} dialog shows them all */
export function installShortcuts(root, dialog) {
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.closest(FIELDS)) {
      if (event.key === "Escape" && target instanceof HTMLElement) target.blur();
      return;
    }
    const name = keyName(event);
    if (["Space", "Enter"].includes(name) && target.closest("button, a, summary")) return;
    const button = root.querySelector(`[data-key="${CSS.escape(name)}"]`);
    if (!(button instanceof HTMLButtonElement)) return;
    event.preventDefault();
    if (!button.matches(":disabled")) button.click();
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
  for (const button of root.querySelectorAll("[data-key]")) {
    button.setAttribute("aria-keyshortcuts", (button.getAttribute("data-key") ?? "").replace("Mod", "Control"));
  }
}

/** @param {HTMLElement} root */
function sections(root) {
  return [...root.querySelectorAll("[data-keys]")].map((part) => {
    const lines = [...part.querySelectorAll("[data-key]")].map((button) => element("div", { class: "keys__line" },
      element("span", {}, button.getAttribute("aria-label") ?? button.textContent?.trim() ?? ""),
      element("span", { class: "keys__keys" }, ...caps(button.getAttribute("data-key") ?? ""))));
    return element("section", {}, element("h3", {}, part.getAttribute("data-keys") ?? ""), ...lines);
  });
}

/** @param {string} name */
function caps(name) {
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  const parts = name === "+" ? ["+"] : name.split("+");
  return parts.map((part) => element("kbd", {}, part === "Mod" ? (mac ? "⌘" : "Ctrl") : NAMES[/** @type {"Shift"} */ (part)] ?? (part.length === 1 ? part.toUpperCase() : part)));
}
