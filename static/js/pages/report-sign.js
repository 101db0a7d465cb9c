import { installPasskeys } from "../components/passkey.js";

/** Signing takes a moment; the button says so and is not pressed twice. The server signs once in any case. */
const form = document.querySelector("form[data-once]");
const button = form?.querySelector("button[type=submit]");

form?.addEventListener("submit", (event) => {
  if (button?.getAttribute("aria-busy") === "true") event.preventDefault();
  button?.setAttribute("aria-busy", "true");
});
// Back from the next page: the browser may show this one as it was left.
window.addEventListener("pageshow", () => button?.removeAttribute("aria-busy"));

installPasskeys();
