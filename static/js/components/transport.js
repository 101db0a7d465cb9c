/** Speeds and places of playback beyond play and step: shuttle read-out, half and quarter speed, going to a time that is typed. */
import { parseTime } from "../lib/time.js";

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);

/** @param {import("../pages/review.js").Review} review */
export function installTransport({ clock }) {
  const speed = /** @type {HTMLSelectElement} */ (part("speed"));
  const slow = /** @type {[string, string][]} */ ([["speed-half", "0.5"], ["speed-quarter", "0.25"]]);
  const show = () => {
    const rate = clock.playing ? clock.rate : Number(speed.value);
    const said = `${rate < 0 ? "−" : ""}${Math.abs(rate)}×`;
    if (part("rate").textContent !== said) part("rate").textContent = said; // a live region: told once, not with every frame
    for (const [id, value] of slow) part(id).setAttribute("aria-pressed", String(speed.value === value));
  };
  for (const [id, value] of slow) {
    part(id).disabled = !clock.video;
    part(id).addEventListener("click", () => {
      speed.value = speed.value === value ? "1" : value;
      speed.dispatchEvent(new Event("change", { bubbles: true }));
      show();
    });
  }
  speed.addEventListener("change", show);
  for (const id of ["slower", "faster"]) part(id).addEventListener("click", show);
  clock.onTick(show);
  installGoto(clock);
}

/** @param {import("../lib/clock.js").VideoClock} clock */
function installGoto(clock) {
  const form = part("goto-form");
  const input = /** @type {HTMLInputElement} */ (part("goto"));
  const leave = () => {
    form.hidden = true;
    input.value = "";
    part("goto-problem").textContent = "";
  };
  part("goto-open").addEventListener("click", () => {
    form.hidden = false;
    input.focus();
  });
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    const us = parseTime(input.value);
    if (Number.isNaN(us)) {
      part("goto-problem").textContent = "Write a time as minutes, seconds and thousandths, such as 3:12.480.";
      return;
    }
    clock.seekFrame(clock.frames.nearest(us));
    leave();
    input.blur();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
  });
  part("goto-leave").addEventListener("click", leave);
}
