/** The video beside a transcript: play, go, and mark the unit that is being said. */
import { formatTime } from "../lib/time.js";
import { at } from "../lib/transcript.js";

const STEP_S = 2;

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);

class Playback {
  /** @param {HTMLVideoElement} video @param {any} editor */
  constructor(video, editor) {
    this.video = video;
    this.editor = editor;
    this.followed = part("follow");
    part("play").addEventListener("click", () => this.toggle());
    part("back").addEventListener("click", () => this.#step(-STEP_S));
    part("forward").addEventListener("click", () => this.#step(STEP_S));
    part("speed").addEventListener("change", (/** @type {any} */ event) => { video.playbackRate = Number(event.target.value); });
    this.followed.addEventListener("click", () => this.followed.setAttribute("aria-pressed", String(this.followed.getAttribute("aria-pressed") !== "true")));
    for (const id of ["play", "back", "forward"]) part(id).addEventListener("pointerdown", (/** @type {Event} */ event) => event.preventDefault());
    for (const type of ["play", "pause", "ended"]) video.addEventListener(type, () => this.#state());
    for (const type of ["timeupdate", "seeking", "seeked", "loadedmetadata"]) video.addEventListener(type, () => this.follow());
    video.addEventListener("click", () => this.toggle());
    video.addEventListener("error", () => {
      part("video-problem").hidden = false;
      part("video-problem").textContent = "The video cannot be played here. Reload the page; text and times can be edited all the same.";
    });
    this.#state();
  }

  /** Where it stands, microseconds of media time, never beyond the recording. */
  get nowUs() {
    const us = Math.round(this.video.currentTime * 1e6);
    return Math.min(us, this.editor.data.durationUs ?? us);
  }

  toggle() {
    if (this.video.paused) this.#play();
    else this.video.pause();
  }

  /** @param {number} us */
  seek(us) {
    this.video.currentTime = us / 1e6;
  }

  /** @param {number | null} us */
  playFrom(us) {
    if (us === null) return;
    this.seek(us);
    this.#play();
  }

  #play() {
    // A pause that comes before playing has begun rejects the promise; that is no fault.
    this.video.play()?.catch((error) => { if (error.name !== "AbortError") throw error; });
  }

  /** @param {number} seconds */
  #step(seconds) {
    this.video.currentTime = Math.max(0, this.video.currentTime + seconds);
  }

  #state() {
    const playing = !this.video.paused && !this.video.ended;
    part("play").setAttribute("aria-label", playing ? "Pause" : "Play");
    part("play").classList.toggle("is-playing", playing);
    if (playing) requestAnimationFrame(() => this.#frame());
  }

  #frame() {
    this.follow();
    if (!this.video.paused && !this.video.ended) requestAnimationFrame(() => this.#frame());
  }

  /** Say the time, and mark the unit that is being said. */
  follow() {
    const { units, rows } = this.editor;
    const said = formatTime(this.nowUs);
    if (part("time").textContent !== said) part("time").textContent = said;
    const index = at(units, this.nowUs);
    const node = rows.mark(index < 0 ? null : units[index].key);
    // Nothing moves under the hands of somebody who types.
    if (node && this.followed.getAttribute("aria-pressed") === "true" && !rows.list.contains(document.activeElement)) node.scrollIntoView({ block: "center" });
  }
}

/** @param {HTMLVideoElement | null} video @param {any} editor @returns {Playback | null} null without a video */
export const installPlayback = (video, editor) => (video ? new Playback(video, editor) : null);
