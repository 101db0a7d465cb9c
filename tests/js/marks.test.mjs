import assert from "node:assert/strict";
import { test } from "node:test";
import { nextOf } from "../../static/js/components/timeline-marks.js";
import { bundle } from "../../static/js/lib/marks.js";

/** @param {number} us */
const mark = (us) => ({ us, id: String(us), text: "" });

test("marks too close to stand beside each other are one; those outside the window are not there", () => {
  const marks = [0, 10, 50, 60, 82, 200].map(mark);
  const shown = bundle(marks, (us) => us - 5, { width: 100, least: 32 });
  assert.deepEqual(shown.map(({ x, marks: those }) => [x, those.map(({ us }) => us)]), [[5, [10]], [45, [50, 60]], [77, [82]]]);
});

test("pressing several marks goes from one to the next, and round", () => {
  const marks = [1_000_000, 2_000_000, 3_000_000].map(mark);
  const after = (us) => nextOf(marks, us).us;
  assert.deepEqual([after(0), after(1_000_000), after(2_000_400), after(3_000_000)], [1_000_000, 2_000_000, 3_000_000, 1_000_000]);
});
