import { element } from "./dom.js";
import { icon } from "./icon.js";

const ICONS = { good: "check", neutral: "info", attention: "warning", bad: "warning" };
const LASTS_MS = 6000;

/**
 * Show a short sentence in the corner. Failures stay until they are dismissed; so does anything under the pointer.
 * @param {string} text
 * @param {{tone?: keyof typeof ICONS, action?: {label: string, run: () => void}}} [options]
 * @returns {() => void} takes the toast away
 */
export function toast(text, { tone = "neutral", action } = {}) {
  const box = document.getElementById("toasts");
  if (!box) throw new Error("The page has no #toasts element (templates/base.html has it).");
  const close = element("button", { class: "button button--quiet button--icon", type: "button", "aria-label": "Dismiss" }, icon("x", "s"));
  const node = element("div", { class: "toast", "data-tone": tone }, icon(ICONS[tone]), element("span", {}, text), close);
  const remove = () => node.remove();
  close.addEventListener("click", remove);
  if (action) {
    const button = element("button", { class: "button", type: "button" }, action.label);
    button.addEventListener("click", () => { remove(); action.run(); });
    close.before(button);
    node.classList.add("toast--action");
  }
  if (tone === "bad") node.setAttribute("role", "alert");
  else removeLater(node, remove);
  box.append(node);
  return remove;
}

/** Show what went wrong. @param {unknown} error an HttpError's message is a sentence already */
export function toastError(error) {
  const known = error instanceof Error && error.name === "HttpError";
  if (!known) console.error(error);
  toast(known ? error.message : "This page ran into a fault. Reload it; what was saved is safe.", { tone: "bad" });
}

/** @param {HTMLElement} node @param {() => void} remove */
function removeLater(node, remove) {
  let timer = setTimeout(remove, LASTS_MS);
  for (const type of ["pointerenter", "focusin"]) node.addEventListener(type, () => clearTimeout(timer));
  for (const type of ["pointerleave", "focusout"]) node.addEventListener(type, () => {
    clearTimeout(timer);
    timer = setTimeout(remove, LASTS_MS);
  });
}
