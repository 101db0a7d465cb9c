/** Adjudication: step through what two coders disagree in, and decide each. The server has the truth; every answer brings all of it. */
import { installSettleKeys } from "../components/settle-keys.js";
import { SettleLanes } from "../components/settle-lanes.js";
import { decidedWords, drawCompare, drawList } from "../components/settle-steps.js";
import { ThirdForm } from "../components/settle-third.js";
import { VideoClock } from "../lib/clock.js";
import { Catalogue } from "../lib/facs.js";
import { FrameTable } from "../lib/frames.js";
import { getJson, HttpError, postJson } from "../lib/http.js";
import { formatTime } from "../lib/time.js";
import { toast, toastError } from "../lib/toast.js";

/** @typedef {import("../components/settle-steps.js").Step} Step */

const LOOP_PAD_US = 300_000;

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);
const data = JSON.parse(part("adjudication-data").textContent);

/** @returns {Promise<FrameTable>} */
async function loadFrames() {
  try {
    const response = await fetch(data.urls.frames, { credentials: "same-origin" });
    if (!response.ok) throw new HttpError("", { status: response.status });
    return FrameTable.fromSteps(await response.arrayBuffer(), data.durationUs);
  } catch {
    return FrameTable.constant(data.frameRate || 25, data.durationUs);
  }
}

class Settling {
  state = data.state;
  /** @type {number} */ number = data.state.steps[0]?.number ?? 0;
  /** @type {number[]} steps decided in this window, for undoing */ done = [];
  busy = false;

  /** @param {FrameTable} frames */
  constructor(frames) {
    const catalogue = new Catalogue(data.codes);
    this.clock = new VideoClock(part("video"), frames);
    this.lanes = new SettleLanes(part("lanes"), {
      durationUs: data.durationUs, catalogue, coders: data.coders,
      onSeek: (us) => this.clock.seek(us), onStep: (number) => this.go(number),
      onChoose: (said) => {
        const step = this.steps.find(({ a, b, results }) => [a, b, ...results].some((one) => one?.event === said.event));
        if (step) this.go(step.number);
        else this.clock.seek(frames.firstFrom(said.onset_us));
      },
    });
    this.third = part("third-form") ? new ThirdForm(part("third-form"), {
      catalogue, clock: this.clock, onTake: (content) => this.decide("third", content), onClose: () => part("third").setAttribute("aria-expanded", "false"),
    }) : null;
    this.#connect();
    const asked = Number(/^#step-(\d+)$/.exec(location.hash)?.[1]);
    const open = this.steps.find((step) => !step.taken);
    this.go(this.steps.some((step) => step.number === asked) ? asked : open?.number ?? this.number);
  }

  /** @returns {Step[]} */
  get steps() {
    return this.state.steps;
  }

  get step() {
    return this.steps.find(({ number }) => number === this.number) ?? null;
  }

  /** Show a disagreement: its words, its stretch, its frame. @param {number} number */
  go(number) {
    this.number = number;
    if (this.third?.open) this.third.close();
    if (part("note")) part("note").value = this.step?.note ?? "";
    this.draw();
    const { step } = this;
    if (!step) return this.lanes.lookAtAll();
    history.replaceState(null, "", `#step-${number}`);
    this.#zoomed("zoom-step");
    this.lanes.lookAtStep();
    this.#loop();
    this.clock.seek(this.clock.frames.firstFrom(step.from_us));
  }

  draw() {
    const { step, steps } = this;
    const { counts } = this.state;
    const decided = counts.disagreements - counts.undecided;
    part("progress").max = Math.max(counts.disagreements, 1);
    part("progress").value = counts.disagreements ? decided : 1;
    part("progress-text").textContent = `${decided} of ${counts.disagreements} decided, ${counts.agreed} agreed`;
    part("disputed").hidden = !step;
    part("undisputed").hidden = Boolean(step);
    part("place").textContent = step ? `${step.number} of ${steps.length}` : "No disagreement";
    part("kind").hidden = !step;
    part("previous").disabled = !step || step === steps[0];
    part("next").disabled = !step || step === steps[steps.length - 1];
    part("sign-off")?.setAttribute("aria-disabled", String(counts.undecided > 0));
    drawList(part("steps"), steps, step, (number) => this.go(number));
    this.lanes.show(this.state.lanes, steps, step);
    if (step) this.#drawStep(step);
  }

  /** @param {Step} step */
  #drawStep(step) {
    part("kind").textContent = [step.words, ...step.also.map((words) => words.toLowerCase())].join(", ");
    drawCompare(part("compare"), step, data.coders);
    part("decided").textContent = decidedWords(step);
    if (!data.mayDecide) return;
    part("undo").disabled = !this.done.length;
    part("take-both").hidden = !(step.a && step.b) || step.kind !== "code";
    part("take-back").hidden = !step.taken;
    for (const [letter, said] of /** @type {[string, import("../components/settle-lanes.js").Said | null][]} */ ([["a", step.a], ["b", step.b]])) {
      const button = part("choices").querySelector(`[data-take="${letter}"]`);
      button.textContent = `Take ${letter.toUpperCase()}: ${said ? said.facs : "nothing"}`;
    }
    for (const button of part("choices").querySelectorAll("[data-take]")) {
      if (button.dataset.take !== "open") button.setAttribute("aria-pressed", String(step.taken === button.dataset.take));
    }
    part("third").setAttribute("aria-pressed", String(step.taken === "third"));
    for (const letter of ["a", "b"]) part(`third-from-${letter}`).hidden = !(letter === "a" ? step.a : step.b);
  }

  /**
   * @param {string} taken
   * @param {object | null} [content] of a third
   * @param {Step | null} [step]
   * @returns {Promise<boolean>} whether it was stored
   */
  async decide(taken, content = null, step = this.step) {
    if (!step || this.busy) return false;
    this.busy = true;
    const undoing = taken === "open";
    try {
      this.state = await postJson(data.urls.decide, { step: step.number, taken, expected: step.decided, note: part("note").value, ...(content ? { content } : {}) });
    } catch (error) {
      this.#refused(error, content !== null);
      return false;
    } finally {
      this.busy = false;
    }
    this.done = undoing ? this.done.filter((number) => number !== step.number) : [...this.done, step.number];
    const next = undoing ? step : this.steps.find(({ number, taken: decided }) => number > step.number && !decided) ?? this.steps.find(({ taken: decided }) => !decided);
    if (!undoing && !this.state.counts.undecided) toast("Every disagreement is decided. Sign the result when you are done.", { tone: "good" });
    this.go((next ?? step).number);
    return true;
  }

  /** @param {any} error @param {boolean} third */
  async #refused(error, third) {
    if (third && error.code === "invalid") return this.third?.say(error.message);
    toastError(error);
    if (error.status === 409) await this.reload();
  }

  /** Take what the server has: another window or the review tool may have changed it. */
  async reload() {
    try {
      this.state = await getJson(data.urls.steps);
      this.draw();
    } catch (error) {
      toastError(error);
    }
  }

  /** @param {string} id */
  #zoomed(id) {
    for (const one of ["zoom-step", "zoom-all"]) part(one).setAttribute("aria-pressed", String(one === id));
  }

  #loop() {
    const on = part("loop").getAttribute("aria-pressed") === "true" && this.step;
    this.clock.loop = on ? { startUs: Math.max(on.from_us - LOOP_PAD_US, 0), endUs: Math.min(on.to_us + LOOP_PAD_US, data.durationUs) } : null;
  }

  /** @param {number} by */
  #move(by) {
    const at = this.steps.findIndex(({ number }) => number === this.number) + by;
    if (this.steps[at]) this.go(this.steps[at].number);
  }

  #connect() {
    const press = (/** @type {string} */ id, /** @type {() => void} */ act) => part(id)?.addEventListener("click", act);
    const { clock } = this;
    clock.onTick(({ timeUs, frame, playing }) => {
      part("time").textContent = formatTime(timeUs);
      part("frame").textContent = String(frame);
      part("settle").toggleAttribute("data-playing", playing);
      part("play").setAttribute("aria-label", playing ? "Pause" : "Play");
      this.lanes.tick(timeUs);
    });
    press("play", () => clock.toggle());
    for (const [id, by] of /** @type {[string, number][]} */ ([["back-1", -1], ["forward-1", 1], ["back-10", -10], ["forward-10", 10]])) press(id, () => clock.step(by));
    press("loop", () => {
      part("loop").setAttribute("aria-pressed", String(part("loop").getAttribute("aria-pressed") !== "true"));
      this.#loop();
    });
    part("speed").addEventListener("change", () => { if (clock.video) clock.video.playbackRate = Number(part("speed").value); });
    for (const id of ["play", "loop", "speed"]) part(id).disabled = !clock.video;
    press("previous", () => this.#move(-1));
    press("next", () => this.#move(1));
    press("zoom-in", () => { this.#zoomed(""); this.lanes.zoom(0.6); });
    press("zoom-out", () => { this.#zoomed(""); this.lanes.zoom(1 / 0.6); });
    press("zoom-step", () => { this.#zoomed("zoom-step"); this.lanes.lookAtStep(); });
    press("zoom-all", () => { this.#zoomed("zoom-all"); this.lanes.lookAtAll(); });
    press("to-note", () => part("note").focus());
    press("undo", () => {
      const last = this.steps.find(({ number }) => number === this.done[this.done.length - 1]);
      if (last) this.decide("open", null, last);
    });
    for (const button of part("choices")?.querySelectorAll("[data-take]") ?? []) button.addEventListener("click", () => this.decide(button.dataset.take));
    press("third", () => this.#openThird(this.step?.results[0] ?? this.step?.a ?? this.step?.b ?? null));
    press("third-from-a", () => this.#openThird(this.step?.a ?? null));
    press("third-from-b", () => this.#openThird(this.step?.b ?? null));
    press("third-cancel", () => this.third?.close());
    document.addEventListener("visibilitychange", () => { if (!document.hidden && !this.busy) this.reload(); });
    part("sign-off")?.addEventListener("click", (/** @type {Event} */ event) => {
      if (!this.state.counts.undecided) return;
      event.preventDefault();
      toast(`${this.state.counts.undecided} of ${this.state.counts.disagreements} disagreements are not decided yet. Decide them, then sign.`, { tone: "attention" });
    });
    installSettleKeys(part("settle"), part("keys"));
  }

  /** @param {import("../components/settle-lanes.js").Said | null} said */
  #openThird(said) {
    if (!said || !this.third) return;
    this.third.fill(said);
    part("third").setAttribute("aria-expanded", "true");
    part("third-code").focus();
  }
}

new Settling(await loadFrames());
document.documentElement.dataset.adjudication = "ready"; // for tests and screenshots
