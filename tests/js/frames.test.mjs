import assert from "node:assert/strict";
import { test } from "node:test";

import { FrameTable } from "../../static/js/lib/frames.js";

const VARIABLE = [0, 33_367, 66_733, 200_000, 216_683, 233_367];

test("a frame is on screen from its time until the next one's", () => {
  const frames = new FrameTable(VARIABLE, 250_000);
  assert.deepEqual([0, 33_366, 33_367, 199_999, 200_000, 249_000, 900_000].map((us) => frames.at(us)), [0, 0, 1, 2, 3, 5, 5]);
  assert.equal(frames.at(-5), 0);
});

test("the middle of a frame shows that frame, also when frames are uneven", () => {
  const frames = new FrameTable(VARIABLE, 250_000);
  for (let frame = 0; frame < frames.length; frame += 1) assert.equal(frames.at(frames.middleOf(frame)), frame);
  assert.equal(frames.middleOf(2), (66_733 + 200_000) / 2);
});

test("a time that went through seconds in floating point finds its frame", () => {
  const times = Array.from({ length: 54_000 }, (_, frame) => Math.round((frame * 1_001_000) / 30));
  const frames = new FrameTable(times, 1_801_800_000);
  for (let frame = 0; frame < times.length; frame += 1) {
    assert.equal(frames.nearest((times[frame] / 1e6) * 1e6 - 0.4), frame);
  }
});

test("frames outside of the recording are its first and last", () => {
  const frames = new FrameTable(VARIABLE, 250_000);
  assert.equal(frames.clamp(-3), 0);
  assert.equal(frames.clamp(99), 5);
  assert.equal(frames.timeOf(99), 233_367);
  assert.equal(frames.snap(100_000), 66_733);
  assert.deepEqual([0, 1, 33_367, 233_368].map((us) => frames.firstFrom(us)), [0, 33_367, 33_367, 233_367]);
});

test("the server's differences add up, beyond 32 bits too", () => {
  const steps = new DataView(new ArrayBuffer(12));
  [0, 4_000_000_000, 4_000_000_000].forEach((step, index) => steps.setUint32(index * 4, step, true));
  const frames = FrameTable.fromSteps(steps.buffer, 0);
  assert.deepEqual([...frames.times], [0, 4_000_000_000, 8_000_000_000]);
  assert.ok(frames.endUs > 8_000_000_000);
});

test("a constant rate stands in where no file tells the times", () => {
  const frames = FrameTable.constant(29.97, 10_000_000);
  assert.equal(frames.length, 300);
  assert.equal(frames.timeOf(1), 33_367);
  assert.throws(() => new FrameTable([], 5), RangeError);
});
