/** One question a screen, made from a form that also works as one long page. */

const form = document.querySelector("form[data-steps]");
if (form instanceof HTMLFormElement) installSteps(form);

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
    list.setAttribute("aria-label", `Step ${current + 1} of ${steps.length}`);
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
      if (!(chosen instanceof HTMLInputElement) && !select) continue;
      const question = document.createElement("dt");
      const answer = document.createElement("dd");
      question.textContent = step.querySelector(".question__title")?.textContent ?? "";
      answer.textContent = select ? (select.selectedOptions[0]?.textContent ?? "") : chosen.value === "yes" ? "Yes" : "No";
      list.append(question, answer);
    }
    list.hidden = false;
  }

  /** @returns {boolean} whether everything on this screen is answered; says what is missing otherwise */
  function isAnswered() {
    const fields = /** @type {NodeListOf<HTMLInputElement>} */ (steps[current].querySelectorAll("input"));
    return [...fields].every((field) => field.reportValidity());
  }

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
