/**
 * Keys of the transcript's editor. Nearly all of them work while somebody types, so they have a modifier; each clicks the button that names it in
 * `data-key`. Enter is the exception: it belongs to the text of a unit.
 */
import { element } from "../lib/dom.js";
import { ariaKey, capsOf, keyName } from "../lib/keys.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const TYPING = "input, textarea, select";
const PRESSED = "button, a, summary, video";
/** Keys without a modifier that a field of text leaves alone. */
const FREE = new Set(["PageUp", "PageDown"]);

/** @param {HTMLElement} root @param {HTMLElement} list where the keys are written down */
export function installTypingKeys(root, list) {
  const buttons = [...root.querySelectorAll("button[data-key]")].filter((button) => button instanceof HTMLButtonElement);
  const byKey = new Map(buttons.map((button) => [button.dataset.key, button]));
  for (const button of buttons) {
    const key = button.dataset.key ?? "";
    const label = button.getAttribute("aria-label") ?? button.textContent?.trim() ?? "";
    button.title = `${label} (${capsOf(key, MAC).join(" ")})`;
    button.setAttribute("aria-keyshortcuts", ariaKey(key));
    list.append(element("dt", {}, ...capsOf(key, MAC).map((cap) => element("kbd", {}, cap))), element("dd", {}, key === "Alt+p" ? "Play or pause" : label));
  }
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || document.querySelector("dialog[open]")) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const button = meant(keyName(event), target, byKey);
    if (!button) return;
    event.preventDefault();
    if (!button.disabled && (!event.repeat || FREE.has(keyName(event)))) button.click();
  });
}

/** @param {string} name @param {Element} target @param {Map<string | undefined, HTMLButtonElement>} byKey */
function meant(name, target, byKey) {
  const text = target.matches(".unit__text");
  if (name === "Enter") return text ? byKey.get(name) : undefined;
  if (name === "Space") return target.closest(`${TYPING}, ${PRESSED}`) ? undefined : byKey.get("Alt+p");
  if (name === "Delete" && text && target instanceof HTMLTextAreaElement && target.value === "") return byKey.get("Alt+r");
  // Taking back what is typed in a field of time is the browser's business: it is no change before it is left.
  if (["Mod+z", "Mod+Shift+z"].includes(name) && target.matches(".unit__time, select")) return undefined;
  if (FREE.has(name) && target.matches(TYPING) && !text) return undefined;
  return byKey.get(name);
}
