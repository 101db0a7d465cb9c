/** The page of the neutral face: the frame that the player shows becomes the moment that is chosen. */
import { formatTime, parseTime } from "../lib/time.js";

const video = document.querySelector("#neutral-video");

/** @param {HTMLElement} form @param {boolean} byHand */
function choose(form, byHand) {
  const radio = form.querySelector("[value=frame]");
  if (radio instanceof HTMLInputElement && byHand) radio.checked = true;
}

for (const form of document.querySelectorAll("form[data-neutral]")) {
  if (!(form instanceof HTMLFormElement)) continue;
  const field = form.querySelector("[name=neutral]");
  if (!(field instanceof HTMLInputElement)) continue;
  const button = form.querySelector("[data-take]");
  if (button instanceof HTMLButtonElement && video instanceof HTMLVideoElement) {
    button.hidden = false;
    button.addEventListener("click", () => {
      field.value = formatTime(Math.round(video.currentTime * 1_000_000));
      choose(form, true);
    });
    field.addEventListener("change", () => {
      const us = parseTime(field.value);
      if (Number.isFinite(us)) video.currentTime = us / 1_000_000;
    });
  }
  field.addEventListener("input", () => choose(form, field.value !== ""));
}

if (video instanceof HTMLVideoElement) {
  const start = Number(video.dataset.startUs);
  if (Number.isFinite(start)) {
    const seek = () => (video.currentTime = start / 1_000_000);
    if (video.readyState > 0) seek();
    else video.addEventListener("loadedmetadata", seek, { once: true });
  }
}
