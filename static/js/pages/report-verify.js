/** Dropping or choosing a file checks it at once; without this module the button does. */
import { toast } from "../lib/toast.js";

const form = document.querySelector("form[data-verify]");
const input = form?.querySelector("input[type=file]");

if (form instanceof HTMLFormElement && input instanceof HTMLInputElement) {
  form.addEventListener("dropzone:files", (event) => {
    const file = /** @type {CustomEvent} */ (event).detail.files[0];
    // The dropzone empties its input after this event, so the file is put back afterwards.
    window.setTimeout(() => check(form, input, file));
  });
}
document.getElementById("result")?.focus();

/** @param {HTMLFormElement} form @param {HTMLInputElement} input @param {File} file */
function check(form, input, file) {
  if (file.size > Number(form.dataset.maxMb) * 1024 * 1024) {
    toast(`This file is larger than ${form.dataset.maxMb} MB, so it is no report.`, { tone: "bad" });
    return;
  }
  const files = new DataTransfer();
  files.items.add(file);
  input.files = files.files;
  form.querySelector("button[type=submit]")?.setAttribute("aria-busy", "true");
  form.requestSubmit();
}
