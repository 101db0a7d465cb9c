import { element } from "./dom.js";

/**
 * Ask before something that cannot be taken back.
 * @param {string} question such as "Withdraw the consent of P-014?"
 * @param {{detail?: string, action?: string, cancel?: string, danger?: boolean}} [options]
 *   `action` is the verb on the button; never "OK"
 * @returns {Promise<boolean>} true only when the person pressed the action; Escape and cancel are false
 */
export function confirmDialog(question, { detail = "", action = "Continue", cancel = "Cancel", danger = false } = {}) {
  const no = element("button", { class: "button", value: "no", autofocus: danger }, cancel);
  const yes = element("button", {
    class: `button button--primary${danger ? " button--danger" : ""}`, value: "yes", autofocus: !danger,
  }, action);
  const form = element("form", { method: "dialog", class: "dialog__inner" },
    element("h2", { id: "confirm-question" }, question),
    ...(detail ? [element("p", {}, detail)] : []),
    element("div", { class: "dialog__actions" }, no, yes));
  const dialog = element("dialog", { class: "dialog", "aria-labelledby": "confirm-question" }, form);
  document.body.append(dialog);
  const before = document.activeElement;
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before instanceof HTMLElement) before.focus();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}
