/** A file that is dropped or chosen is sent to be looked at; without this module the button does it. */
import { toast } from "../lib/toast.js";

const form = document.querySelector("form[data-text-file]");
const input = form?.querySelector("input[type=file]");

if (form instanceof HTMLFormElement && input instanceof HTMLInputElement) {
  form.addEventListener("dropzone:files", (event) => {
    const { files } = /** @type {CustomEvent} */ (event).detail;
    // The dropzone empties its input after this event, so the file is put back afterwards.
    window.setTimeout(() => look(form, input, files));
  });
}

/** @param {HTMLFormElement} form @param {HTMLInputElement} input @param {File[]} files */
function look(form, input, files) {
  const [file] = files;
  const most = Number(form.dataset.maxBytes);
  if (files.length > 1) {
    toast("One file at a time: each is looked at before it is taken.", { tone: "attention" });
    return;
  }
  if (file.size > most) {
    toast(`This file has ${(file.size / 1e6).toFixed(1)} MB; at most ${most / 1e6} MB are read. Cut it into parts.`, { tone: "bad" });
    return;
  }
  const chosen = new DataTransfer();
  chosen.items.add(file);
  input.files = chosen.files;
  if (!form.reportValidity()) return; // the file waits until the rest is filled in
  form.querySelector("button.button--primary")?.setAttribute("aria-busy", "true");
  form.requestSubmit();
}
