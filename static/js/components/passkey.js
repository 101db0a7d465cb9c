import { delegate } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { createPasskey, sentenceFor, usePasskey } from "../lib/passkey.js";

/**
 * <button type="button" data-passkey="get" data-passkey-options="id-of-a-json-script">, or data-passkey-url="/…" to fetch them.
 * Asks the device, writes its answer into the form's `credential` and sends the form. data-passkey="create" makes a passkey.
 */
export function installPasskeys() {
  delegate("click", "[data-passkey]", async (event, target) => {
    event.preventDefault();
    const button = /** @type {HTMLButtonElement} */ (target);
    const form = button.form;
    if (!form || button.getAttribute("aria-busy") === "true" || !filled(form)) return;
    const making = button.dataset.passkey === "create";
    say(form, "");
    button.setAttribute("aria-busy", "true");
    try {
      if (!window.PublicKeyCredential) throw new DOMException("", "SecurityError");
      const options = await optionsOf(button);
      const alone = /** @type {HTMLInputElement | null} */ (form.elements.namedItem("passwordless"));
      const answer = making ? await createPasskey(options, alone?.checked ?? false) : await usePasskey(options);
      const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("credential"));
      field.value = JSON.stringify(answer);
      form.submit();
    } catch (error) {
      say(form, sentenceFor(error, making));
      button.removeAttribute("aria-busy");
    }
  });
  // Back from the next page: the browser may show this one as it was left.
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[data-passkey]")) button.removeAttribute("aria-busy");
  });
}

/** What else the form asks for, but for the other ways to prove oneself. @param {HTMLFormElement} form */
function filled(form) {
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[type=checkbox][required]"));
  return [...boxes].every((box) => box.reportValidity());
}

/** @param {HTMLButtonElement} button */
async function optionsOf(button) {
  const { passkeyOptions = "", passkeyUrl } = button.dataset;
  const found = passkeyUrl
    ? await request("GET", passkeyUrl)
    : JSON.parse(document.getElementById(passkeyOptions)?.textContent ?? "{}");
  return found.request_options ?? found.creation_options;
}

/** @param {HTMLFormElement} form @param {string} sentence */
function say(form, sentence) {
  let said = form.querySelector("[data-passkey-said]");
  if (!said) {
    said = document.createElement("p");
    said.setAttribute("data-passkey-said", "");
    said.setAttribute("role", "alert");
    said.className = "field__error";
    form.append(said);
  }
  said.textContent = sentence;
}
