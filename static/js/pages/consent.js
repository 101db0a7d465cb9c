/** One question a screen, made from a form that also works as one long page. */

import { installSignature, isSigned } from "../components/signature.js";

const form = document.querySelector("form[data-steps]");
if (form instanceof HTMLFormElement) installSteps(form);

// Ticking one thing to withdraw means: only this.
for (const one of document.querySelectorAll("[data-one]")) {
  one.addEventListener("change", () => {
    const some = document.querySelector("[data-some]");
    if (some instanceof HTMLInputElement) some.checked = true;
  });
}

const print = document.querySelector("[data-print]");
if (print instanceof HTMLButtonElement) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

/** @param {HTMLFormElement} form */
function installSteps(form) {
  const steps = /** @type {HTMLElement[]} */ ([...form.querySelectorAll("[data-step]")]);
  const back = button("[data-back]");
  const next = button("[data-next]");
  const send = button("[data-send]");
  const dots = /** @type {HTMLElement} */ (form.querySelector("[data-dots]"));
  const signature = /** @type {HTMLElement} */ (form.querySelector("[data-signature]"));
  const words = form.dataset.stepWords ?? "";
  installSignature(signature);
  // Fields of other screens cannot take focus, so the browser's own check would block silently.
  form.noValidate = true;
  let current = Math.max(0, steps.findIndex((step) => step.hasAttribute("data-wrong")));

  /** @param {string} selector */
  function button(selector) {
    return /** @type {HTMLButtonElement} */ (form.querySelector(selector));
  }

  /** @param {number} index @param {boolean} [move] whether the focus follows */
  function show(index, move = true) {
    current = index;
    for (const [i, step] of steps.entries()) step.hidden = i !== index;
    back.hidden = index === 0;
    next.hidden = index === steps.length - 1;
    send.hidden = !next.hidden;
    drawDots();
    if (!send.hidden) listAnswers();
    if (move) {
      window.scrollTo({ top: 0 });
      steps[index].querySelector("[tabindex]")?.focus({ preventScroll: true });
    }
  }

  function drawDots() {
    const list = document.createElement("ol");
    list.className = "dots";
    const said = words.replace("{number}", String(current + 1)).replace("{all}", String(steps.length));
    list.setAttribute("aria-label", said);
    for (const i of steps.keys()) {
      const dot = document.createElement("li");
      dot.classList.toggle("is-done", i < current);
      if (i === current) dot.setAttribute("aria-current", "step");
      list.append(dot);
    }
    dots.replaceChildren(list);
    dots.hidden = false;
  }

  /** What was answered, on the last screen, above the signature. */
  function listAnswers() {
    const list = /** @type {HTMLElement} */ (form.querySelector("[data-answers]"));
    list.replaceChildren();
    for (const step of steps) {
      const chosen = step.querySelector("input[type=radio]:checked");
      const select = step.querySelector("select");
      if (!chosen && !select) continue;
      const question = document.createElement("dt");
      const answer = document.createElement("dd");
      question.textContent = step.querySelector(".question__title")?.textContent ?? "";
      answer.textContent = (select ? select.selectedOptions[0] : chosen.closest("label"))?.textContent?.trim() ?? "";
      list.append(question, answer);
    }
    /** @type {HTMLElement} */ (form.querySelector("[data-answers-fold]")).hidden = false;
  }

  /** @returns {boolean} whether anything was agreed to: who says no to everything has nothing to sign */
  const agrees = () => form.querySelector("input[type=radio][value=yes]:checked") !== null;

  /** @returns {boolean} whether this screen is answered; says what is missing otherwise, in the page's language */
  function isAnswered() {
    const step = steps[current];
    const problem = /** @type {HTMLElement | null} */ (step.querySelector("[data-problem]"));
    const radios = step.querySelectorAll("input[type=radio]");
    const good = step.contains(signature)
      ? isSigned(signature) || !agrees()
      : radios.length === 0 || step.querySelector("input[type=radio]:checked") !== null;
    if (problem) {
      problem.hidden = good;
      if (!good && step.contains(signature)) problem.textContent = signature.dataset.empty ?? "";
    }
    return good;
  }

  form.addEventListener("change", () => {
    const problem = /** @type {HTMLElement | null} */ (steps[current].querySelector("[data-problem]"));
    if (problem) problem.hidden = true;
  });

  back.addEventListener("click", () => show(current - 1));
  next.addEventListener("click", () => {
    if (isAnswered()) show(current + 1);
  });
  form.addEventListener("submit", (event) => {
    if (!send.hidden && isAnswered()) {
      send.setAttribute("aria-busy", "true");
      return;
    }
    event.preventDefault(); // Enter on an earlier screen goes on, it does not send
    if (send.hidden && isAnswered()) show(current + 1);
  });
  form.dataset.ready = "";
  show(current, false);
}
