/** How long a coder takes to react: measured with a few flashes at times that cannot be foreseen, and taken off in live coding. */
import { calibrate, FLASHES } from "../lib/live.js";

const DEFAULT_MS = 250;
const WAIT_MS = [900, 2600];
const LOST_MS = 2000;

/** @param {import("../pages/review.js").Review} review */
export const reactionMs = (review) => review.preferences.values.reaction?.ms ?? DEFAULT_MS;

/**
 * @param {import("../pages/review.js").Review} review
 * @param {HTMLElement} button opens the exercise
 */
export function calibration(review, button) {
  const part = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
  const dialog = /** @type {HTMLDialogElement} */ (part("reaction"));
  const field = /** @type {HTMLInputElement} */ (part("live-reaction"));
  /** @type {number[]} */ let reactions = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
  let shownAt = 0;
  let flashes = 0;
  let running = false;
  /** @type {ReturnType<typeof calibrate>} */ let result = null;

  const show = () => {
    const { reaction } = review.preferences.values;
    field.value = String(reactionMs(review));
    part("live-measured").textContent = reaction?.flashes ? `measured ${reaction.at ?? ""}, ± ${reaction.spread_ms} ms` : "not measured yet";
  };
  const say = (/** @type {string} */ sentence) => { part("reaction-said").textContent = sentence; };
  const stop = () => {
    running = false;
    clearTimeout(timer);
    shownAt = 0;
    part("reaction-signal").removeAttribute("data-on");
  };
  const finish = () => {
    stop();
    result = calibrate(reactions);
    part("reaction-start").textContent = "Again";
    part("reaction-start").hidden = false;
    part("reaction-take").hidden = !result;
    say(result ? `You took ${result.ms} ms (median; half of your reactions lie within ± ${result.spreadMs} ms). ${result.kept} of ${flashes} flashes count${result.dropped ? `; ${result.dropped} were too early or too late` : ""}.`
      : "Too few flashes were answered to say anything. Press the key once for each flash, not before it.");
  };
  const flash = () => {
    if (!running) return;
    if (flashes >= FLASHES) return finish();
    timer = setTimeout(() => requestAnimationFrame(() => {
      if (!running) return;
      part("reaction-signal").setAttribute("data-on", "");
      flashes += 1;
      shownAt = performance.now();
      say(`Flash ${flashes} of ${FLASHES}.`);
      timer = setTimeout(answered, LOST_MS);
    }), WAIT_MS[0] + Math.random() * (WAIT_MS[1] - WAIT_MS[0]));
  };
  const answered = () => {
    clearTimeout(timer);
    if (!running) return;
    if (shownAt) reactions.push(performance.now() - shownAt);
    else reactions.push(0); // before the flash: a guess, which does not count
    shownAt = 0;
    part("reaction-signal").removeAttribute("data-on");
    flash();
  };

  button.addEventListener("click", () => {
    review.clock.pause();
    stop();
    say("");
    part("reaction-start").textContent = "Start";
    part("reaction-start").hidden = false;
    part("reaction-take").hidden = true;
    dialog.showModal();
  });
  part("reaction-start").addEventListener("click", () => {
    reactions = [];
    flashes = 0;
    running = true;
    part("reaction-start").hidden = part("reaction-take").hidden = true;
    say("Watch the square.");
    part("reaction-signal").focus();
    flash();
  });
  dialog.addEventListener("keydown", (event) => {
    if (!running || event.repeat || ["Escape", "Tab", "Shift"].includes(event.key)) return;
    event.preventDefault();
    answered();
  });
  part("reaction-signal").addEventListener("pointerdown", (/** @type {Event} */ event) => {
    event.preventDefault();
    answered();
  });
  part("reaction-take").addEventListener("click", () => {
    if (!result) return;
    review.preferences.set("reaction", { ms: result.ms, spread_ms: result.spreadMs, flashes: result.kept, at: new Date().toISOString().slice(0, 10) });
    show();
    dialog.close();
  });
  part("reaction-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", stop);
  field.addEventListener("change", () => {
    const ms = Math.round(Number(field.value));
    if (Number.isFinite(ms) && ms >= 0 && ms <= 2000) review.preferences.set("reaction", { ms });
    show();
  });
  show();
}
