/** What a live session's page says about the moment: one notice, the most important thing, and never too often for those who listen. */

const GATES = { turned: "the face is turned or nodded too far", small: "the face is too small", moving: "the face moves too fast", blurred: "the picture is blurred", dark: "it is too dark" };
const ADVICE = { turned: "Look towards the camera.", small: "Come closer.", moving: "Hold still for a moment.", blurred: "Clean or focus the camera.", dark: "Turn on a light, in front of the face." };
const WAITS = {
  "no face": "Look at the camera.",
  "not calm": "Look straight at the camera and hold still for two seconds.",
  "not at rest": "The face does not look at rest. Relax it, or press N while it is neutral.",
  "": "Hold still.",
};
const PARTS = { eye_L: "left eye", eye_R: "right eye", left: "left side", right: "right side" };

/**
 * @typedef {{tone: string, title: string, text: string}} Words
 * @param {import("../lib/live-wire.js").Said} said
 * @returns {Words | null} null: all is well
 */
export function wordsOf(said) {
  if (!said.faces) return { tone: "attention", title: "No face is seen", text: "Sit before the camera, with light on the face. The recording goes on." };
  if (said.faces > 1) return { tone: "bad", title: `${said.faces} faces are in view`, text: "Only the one with the frame is measured, but all are recorded. Make sure that only the participant, who agreed to it, is before the camera." };
  const whole = said.gates.filter((gate) => gate in GATES);
  if (whole.length) {
    const first = /** @type {keyof typeof GATES} */ (whole[0]);
    const [stopped] = [whole.some((gate) => gate !== "dark")];
    return { tone: "attention", title: stopped ? `Not scored: ${GATES[first]}` : "It is too dark", text: ADVICE[first] };
  }
  if (!said.neutral) return { tone: "active", title: `Looking for the neutral face: ${Math.round(100 * said.search.share)} %`, text: `${WAITS[/** @type {keyof typeof WAITS} */ (said.search.waits_for)] ?? ""} No intensities are shown before it is known.` };
  const parts = said.gates.filter((gate) => gate.includes(":"));
  if (parts.length) return { tone: "neutral", title: "Some of the face is hidden", text: `Not scored now: ${[...new Set(parts.map(partOf))].join(", ")}.` };
  return null;
}

/** @param {string} gate such as occluded:mouth */
function partOf(gate) {
  const part = gate.slice(gate.indexOf(":") + 1);
  return PARTS[/** @type {keyof typeof PARTS} */ (part)] ?? part;
}

/** Holds the notice of the page and the line for those who listen. */
export class LiveNotice {
  #shown = "";
  #since = 0;
  #wish = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /** @param {HTMLElement} notice @param {HTMLElement} spoken */
  constructor(notice, spoken) {
    this.notice = notice;
    this.spoken = spoken;
  }

  /**
   * Show words; what comes from pictures must stand for a third of a second before it replaces what is there, so that nothing flickers.
   * @param {Words | null} words @param {{now?: boolean}} [how]
   */
  show(words, { now = false } = {}) {
    const key = words ? `${words.title.replace(/\d+ %/, "")}|${words.text}` : "";
    if (key !== this.#wish) [this.#wish, this.#since] = [key, performance.now()];
    if (key !== this.#shown && !now && performance.now() - this.#since < 350) return;
    const [title, text] = /** @type {HTMLElement[]} */ ([...this.notice.querySelectorAll("strong, p")]);
    this.notice.toggleAttribute("data-empty", !words);
    this.notice.dataset.tone = words?.tone ?? "good";
    title.textContent = words?.title ?? "All is seen";
    text.textContent = words?.text ?? "Bars show what moves now, against the neutral face.";
    if (key !== this.#shown) this.say(words ? `${words.title}. ${words.text}` : "All is seen.");
    this.#shown = key;
  }

  /** Say something to those who listen, at most every few seconds. @param {string} text */
  say(text) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.spoken.textContent = text; }, 1200);
  }
}
