import { delegate } from "../lib/dom.js";
import { confirmDialog } from "../lib/dialog.js";

/**
 * <button data-confirm="Withdraw the consent?" data-confirm-detail="Running analyses stop at once."
 *         data-confirm-action="Withdraw" data-confirm-danger>
 * asks first, whatever the button does (link, submit, htmx, a listener of its own). `hx-confirm` asks with the same dialog.
 */
export function installConfirm() {
  const agreed = new WeakSet();
  delegate("click", "[data-confirm]", async (event, target) => {
    if (agreed.delete(target)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (target instanceof HTMLButtonElement && target.type === "submit" && target.form && !target.form.reportValidity()) return;
    const { confirm = "", confirmDetail = "", confirmAction, confirmDanger } = target.dataset;
    const yes = await confirmDialog(confirm, {
      detail: confirmDetail,
      action: confirmAction ?? target.textContent?.trim(),
      danger: confirmDanger !== undefined || target.classList.contains("button--danger"),
    });
    if (!yes || !target.isConnected) return;
    agreed.add(target);
    target.click();
  }, true);

  document.addEventListener("htmx:confirm", async (event) => {
    const { question, issueRequest } = /** @type {CustomEvent} */ (event).detail;
    if (!question) return;
    event.preventDefault();
    if (await confirmDialog(question)) issueRequest(true);
  });
}
