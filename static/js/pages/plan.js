/** The plan of a lead: all or none of the recordings at once; the preview is where reading goes on. */

for (const box of document.querySelectorAll("[data-choose-all]")) {
  const set = (/** @type {boolean} */ on) => {
    for (const input of box.querySelectorAll("input[type=checkbox]")) /** @type {HTMLInputElement} */ (input).checked = on;
  };
  box.querySelector("[data-all]")?.addEventListener("click", () => set(true));
  box.querySelector("[data-none]")?.addEventListener("click", () => set(false));
}
document.getElementById("preview")?.focus({ preventScroll: false });
