import assert from "node:assert/strict";
import { test } from "node:test";

import { VideoClock } from "../../static/js/lib/clock.js";
import { FrameTable } from "../../static/js/lib/frames.js";

/** As much of a media element as a clock touches; seeks stay under way until the test lets them arrive. */
class Player extends EventTarget {
  paused = true;
  ended = false;
  playbackRate = 1;
  seeks = [];
  #time = 0;
  #frameCallback = null;

  get currentTime() { return this.#time; }
  set currentTime(seconds) { this.seeks.push(seconds); this.#time = seconds; }
  arrive() { this.dispatchEvent(new Event("seeked")); }
  play() { this.paused = false; this.dispatchEvent(new Event("play")); return Promise.resolve(); }
  pause() { this.paused = true; this.dispatchEvent(new Event("pause")); }
  requestVideoFrameCallback(callback) { this.#frameCallback = callback; }
  present(seconds) { this.#time = seconds; this.#frameCallback(0, { mediaTime: seconds }); }
}

const make = () => {
  const player = new Player();
  const frames = new FrameTable(Array.from({ length: 100 }, (_, frame) => frame * 40_000), 4_000_000);
  return { player, frames, clock: new VideoClock(player, frames) };
};

test("a step seeks to the middle of the next frame and the playhead is there at once", () => {
  const { player, clock } = make();
  clock.step(1);
  assert.deepEqual(player.seeks, [0.06]);
  assert.equal(clock.frame, 1);
  assert.equal(clock.timeUs, 40_000);
  player.arrive();
  assert.equal(clock.frame, 1);
});

test("steps made while a seek is under way add up, and only the newest frame is asked for", () => {
  const { player, clock } = make();
  for (let press = 0; press < 10; press += 1) clock.step(1);
  assert.equal(clock.frame, 10);
  assert.equal(player.seeks.length, 1);
  player.arrive();
  assert.deepEqual(player.seeks, [0.06, 0.42]);
  player.arrive();
  assert.equal(player.seeks.length, 2);
  assert.equal(clock.frame, 10);
});

test("a step pauses, and stops at the ends of the recording", async () => {
  const { player, clock } = make();
  await clock.play();
  clock.step(-10);
  assert.equal(player.paused, true);
  assert.equal(clock.frame, 0);
  clock.step(500);
  assert.equal(clock.frame, 99);
});

test("playing tells every frame once, with the frame's own time", () => {
  const { player, clock } = make();
  const told = [];
  clock.onTick((tick) => told.push(tick.timeUs));
  for (const seconds of [0.04, 0.0400004, 0.0799999, 0.12]) player.present(seconds);
  assert.deepEqual(told, [0, 40_000, 80_000, 120_000]);
});

test("a frame from before a seek does not move the playhead back", () => {
  const { player, clock } = make();
  clock.seek(2_000_000);
  player.present(0.04);
  assert.equal(clock.timeUs, 2_000_000);
});

test("a loop goes back to its start when its end is reached", () => {
  const { player, clock } = make();
  clock.seek(1_000_000);
  player.arrive();
  clock.loop = { startUs: 1_000_000, endUs: 1_200_000 };
  clock.play();
  player.present(1.16);
  assert.equal(clock.frame, 29);
  player.present(1.2);
  assert.equal(clock.frame, 25);
  assert.equal(player.paused, false);
});

test("playing at the end starts again", () => {
  const { player, clock } = make();
  clock.seekFrame(99);
  player.arrive();
  clock.play();
  assert.equal(clock.frame, 0);
});

test("without a video the playhead still moves", () => {
  const clock = new VideoClock(null, new FrameTable([0, 40_000, 80_000], 120_000));
  clock.seek(50_000);
  clock.step(1);
  assert.equal(clock.timeUs, 80_000);
  clock.play();
  assert.equal(clock.playing, false);
});
