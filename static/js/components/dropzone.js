import { delegate } from "../lib/dom.js";

/**
 * <div class="dropzone" data-dropzone><input type="file" multiple></div>: files that are dropped on it, on the page when it has
 * data-dropzone="page", or chosen with its input arrive as one event, "dropzone:files", with detail.files (File[]).
 */
export function installDropzones() {
  const zoneOf = (/** @type {Event} */ event) => {
    const target = event.target instanceof Element ? event.target : null;
    return target?.closest("[data-dropzone]") ?? document.querySelector('[data-dropzone="page"]');
  };
  const leave = () => document.querySelectorAll("[data-dropzone].is-over").forEach((zone) => zone.classList.remove("is-over"));
  const carriesFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;

  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    const zone = zoneOf(event);
    if (!document.querySelector("[data-dropzone]")) return;
    event.preventDefault(); // a file dropped beside the zone must not replace the page
    leave();
    zone?.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) leave(); });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event) || !document.querySelector("[data-dropzone]")) return;
    event.preventDefault();
    leave();
    hand(zoneOf(event), event.dataTransfer?.files);
  });
  delegate("change", "[data-dropzone] input[type=file]", (event, input) => {
    if (!(input instanceof HTMLInputElement)) return;
    hand(input.closest("[data-dropzone]"), input.files);
    input.value = ""; // so that the same file can be chosen again
  });
}

/** @param {Element | null} zone @param {FileList | null | undefined} files */
function hand(zone, files) {
  if (!zone || !files?.length) return;
  zone.dispatchEvent(new CustomEvent("dropzone:files", { bubbles: true, detail: { files: [...files] } }));
}
