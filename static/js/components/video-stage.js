/** The video with its transport: buttons and read-outs around a VideoClock. */
import { formatTime } from "../lib/time.js";

const SHUTTLE = [1, 2, 4, 8];

/**
 * @param {HTMLElement} root
 * @param {import("../lib/clock.js").VideoClock} clock
 */
export function installStage(root, clock) {
  const part = (/** @type {string} */ id) => /** @type {any} */ (root.querySelector(`#${id}`));
  const { video } = clock;
  const press = (/** @type {string} */ id, /** @type {() => void} */ act) => part(id).addEventListener("click", act);
  const speed = /** @type {HTMLSelectElement} */ (part("speed"));

  press("play", () => clock.toggle());
  for (const [id, count] of /** @type {[string, number][]} */ ([["back-10", -10], ["back-1", -1], ["forward-1", 1], ["forward-10", 10]])) {
    press(id, () => clock.step(count));
  }
  press("to-start", () => clock.seekFrame(0));
  press("to-end", () => clock.seekFrame(clock.frames.length - 1));
  const setSpeed = (/** @type {number} */ by) => {
    speed.selectedIndex = Math.min(Math.max(speed.selectedIndex + by, 0), speed.options.length - 1);
    if (video) video.playbackRate = Number(speed.value);
  };
  speed.addEventListener("change", () => setSpeed(0));
  press("slower", () => setSpeed(-1));
  press("faster", () => setSpeed(1));
  installShuttle(press, clock, () => Number(speed.value));

  for (const button of [part("play"), speed]) button.disabled = !video;
  part("frame-count").textContent = String(clock.frames.length);
  clock.onTick(({ timeUs, frame, playing }) => {
    part("time").textContent = formatTime(timeUs);
    part("frame").textContent = String(frame);
    root.toggleAttribute("data-playing", playing);
    part("play").setAttribute("aria-label", playing ? "Pause" : "Play");
  });
  if (!video) return;
  video.addEventListener("click", () => clock.toggle());
  video.addEventListener("error", () => {
    part("video-problem").hidden = false;
    part("video-problem").textContent = "The video cannot be played. Signals and events are here all the same; reload the page to try again.";
  });
}

/**
 * J, K, L as on an editing desk: again means faster, the other direction starts at normal speed.
 * @param {(id: string, act: () => void) => void} press
 * @param {import("../lib/clock.js").VideoClock} clock
 * @param {() => number} normal
 */
function installShuttle(press, clock, normal) {
  let gear = 0; // below zero backwards
  const go = (/** @type {number} */ direction) => {
    gear = clock.playing && Math.sign(gear) === direction ? gear + direction : direction;
    const rate = SHUTTLE[Math.min(Math.abs(gear), SHUTTLE.length) - 1] * normal();
    if (direction > 0) clock.play(rate);
    else clock.playBackwards(rate);
  };
  press("shuttle-on", () => go(1));
  press("shuttle-back", () => go(-1));
  press("shuttle-stop", () => { gear = 0; clock.pause(); });
  press("play", () => {
    gear = 0;
    if (clock.video) clock.video.playbackRate = normal();
  });
}
