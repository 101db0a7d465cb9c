import assert from "node:assert/strict";
import { test } from "node:test";

import { FrameTable } from "../../static/js/lib/frames.js";
import { calibrate, compensated, median, pressed } from "../../static/js/lib/live.js";

const frames = FrameTable.constant(25, 10_000_000);
const how = (taken = [], reactionMs = 200) => ({ reactionMs, frames, taken });

test("reaction time comes off both edges, as much of the recording as went by", () => {
  assert.equal(compensated(1_000_000, 250, 1), 750_000);
  assert.equal(compensated(1_000_000, 250, 0.5), 875_000);
  assert.equal(compensated(1_000_000, 250, 2), 500_000);
  assert.equal(compensated(100_000, 250, 1), 0);
  assert.deepEqual(pressed({ fromUs: 1_000_000, toUs: 2_000_000, rate: 1 }, how()), { onset_us: 800_000, offset_us: 1_800_000 });
  assert.deepEqual(pressed({ fromUs: 1_000_000, toUs: 2_000_000, rate: 0.5 }, how()), { onset_us: 880_000, offset_us: 1_880_000 }); // 0.9 and 1.9 s lie between two frames
});

test("edges lie on frames, and the shortest press is one frame", () => {
  const { onset_us, offset_us } = pressed({ fromUs: 1_000_000, toUs: 1_001_000, rate: 1 }, how());
  assert.deepEqual([onset_us, offset_us], [800_000, 840_000]);
  assert.deepEqual(pressed({ fromUs: 10_000, toUs: 20_000, rate: 1 }, how()), { onset_us: 0, offset_us: 40_000 });
});

test("an event is never laid over another of its code", () => {
  const taken = [{ onset_us: 1_000_000, offset_us: 1_520_000 }, { onset_us: 3_000_000, offset_us: 4_000_000 }];
  const press = (from, to) => pressed({ fromUs: from, toUs: to, rate: 1 }, how(taken, 0));
  assert.deepEqual(press(1_200_000, 2_000_000), { onset_us: 1_520_000, offset_us: 2_000_000 });
  assert.deepEqual(press(2_000_000, 3_400_000), { onset_us: 2_000_000, offset_us: 3_000_000 });
  assert.equal(press(3_200_000, 3_600_000), null);
  assert.deepEqual(press(4_000_000, 4_400_000), { onset_us: 4_000_000, offset_us: 4_400_000 });
  assert.deepEqual(press(800_000, 5_000_000), { onset_us: 800_000, offset_us: 1_000_000 });
});

test("a calibration is the median of what is left without guesses and lapses", () => {
  assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2.5]);
  const result = calibrate([240, 250, 260, 230, 245, 255, 20, 900, 3000]);
  assert.deepEqual(result, { ms: 248, spreadMs: 8, kept: 6, dropped: 3 });
  assert.equal(calibrate([250, 250, 250, 250, 250, 30]), null);
  assert.equal(calibrate([]), null);
  assert.deepEqual(calibrate([200, 200, 200, 200, 200, 200]), { ms: 200, spreadMs: 0, kept: 6, dropped: 0 });
});
