import assert from "node:assert/strict";
import { test } from "node:test";

import { Heat } from "../../static/js/lib/heat.js";

const answer = (bytes, codes) => ({
  from_us: 0, to_us: 4_000_000, width: 4, step: 0.02, codes, heat: Buffer.from(bytes).toString("base64"),
});

test("bytes become intensities, and a gap stays a gap", () => {
  const heat = new Heat(answer([0, 1, 51, 251, 101, 101, 0, 0], ["1", "12"]));
  assert.deepEqual(heat.row("1"), [null, 0, 1, 5]);
  assert.deepEqual(heat.row("12"), [2, 2, null, null]);
  assert.deepEqual(heat.row("99"), [null, null, null, null]);
});

test("a value is found by its time", () => {
  const heat = new Heat(answer([0, 1, 51, 251], ["1"]));
  assert.deepEqual([0, 1_000_000, 2_999_999, 3_999_999, 4_000_000, -1].map((us) => heat.valueAt("1", us)), [null, 0, 1, 5, null, null]);
});

test("activity is the mean of what was seen", () => {
  const heat = new Heat(answer([0, 1, 51, 251, 0, 251, 0, 251], ["1", "2"]));
  assert.deepEqual([...heat.activity()].map((value) => Math.round(value * 100) / 100), [NaN, 0.5, 0.2, 1]);
});

test("a window of another size is refused", () => {
  assert.throws(() => new Heat(answer([1, 2, 3], ["1"])), RangeError);
});
