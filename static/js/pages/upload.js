/** The upload page: a queue of files, two at a time. */
import { confirmDialog } from "../lib/dialog.js";
import { delegate } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { toastError } from "../lib/toast.js";
import { UploadItem } from "./upload-item.js";

const AT_ONCE = 2;
const root = document.getElementById("uploader");
const list = document.getElementById("uploads");
/** @type {UploadItem[]} */
const items = [];

function next() {
  for (const item of items.filter(({ state }) => state === "waiting")) {
    if (items.filter(({ isActive }) => isActive).length >= AT_ONCE) return;
    item.start().catch(toastError);
  }
}

/** @param {File} file */
function add(file) {
  const same = items.some((item) => item.isUnderway && item.file.name === file.name && item.file.size === file.size && item.file.lastModified === file.lastModified);
  if (same) return; // chosen twice
  const { endpoint, maxBytes, maxText } = root.dataset;
  const item = new UploadItem(file, { endpoint, maxBytes: Number(maxBytes), maxText });
  item.addEventListener("change", () => {
    if (item.state === "gone") items.splice(items.indexOf(item), 1);
    next();
  });
  item.addEventListener("known", (event) => forget(event.detail));
  root.querySelector(".upload-choose").classList.remove("button--primary"); // the next step is below now
  items.push(item);
  list.append(item.node);
}

/** An upload that goes on is not "not finished" any more. @param {string} url */
function forget(url) {
  document.querySelector(`[data-upload="${CSS.escape(url)}"]`)?.remove();
  const partial = document.getElementById("partial");
  if (partial && !partial.querySelector("[data-upload]")) partial.remove();
}

async function throwAway(button) {
  const { upload } = button.closest("[data-upload]").dataset;
  const sure = await confirmDialog(`Throw away what has arrived of ${button.dataset.throwAway}?`, { detail: "The file on your computer stays as it is.", action: "Throw away", danger: true });
  if (!sure) return;
  try {
    await request("DELETE", upload, { headers: { "Tus-Resumable": "1.0.0" } });
  } catch (error) {
    if (![404, 410].includes(error.status)) throw error;
  }
  forget(upload);
}

root.hidden = false;
document.addEventListener("dropzone:files", (event) => {
  event.detail.files.forEach(add);
  next();
});
delegate("click", "[data-throw-away]", (event, button) => { throwAway(button).catch(toastError); });
addEventListener("online", () => items.filter(({ state }) => state === "stopped").forEach((item) => item.resume()));
addEventListener("beforeunload", (event) => {
  if (items.some(({ isUnderway }) => isUnderway)) event.preventDefault();
});
