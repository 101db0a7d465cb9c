import assert from "node:assert/strict";
import { test } from "node:test";

import { partAt } from "../../static/js/lib/time-window.js";
import { inside, outside } from "../../static/js/lib/spans.js";

test("what is not to be coded lies between and around the stretches", () => {
  assert.deepEqual(outside([], 100), [], "without stretches all is to be coded");
  assert.deepEqual(outside([[60, 80], [10, 30]], 100), [[0, 10], [30, 60], [80, 100]]);
  assert.deepEqual(outside([[0, 50], [40, 100]], 100), []);
});

test("events count when a part of them lies in a stretch", () => {
  const events = [[0, 9], [5, 15], [29, 40], [30, 40], [10, 10]].map(([onset_us, offset_us]) => ({ onset_us, offset_us }));
  assert.deepEqual(inside(events, [[10, 30]]).map(({ onset_us }) => onset_us), [5, 29, 10]);
  assert.equal(inside(events, []).length, 5);
});

test("the window is taken hold of at its edges and inside, however narrow it is", () => {
  assert.deepEqual([95, 150, 205, 300].map((x) => partAt(x, 100, 200)), ["from", "inside", "to", "outside"]);
  assert.deepEqual([98, 105, 112].map((x) => partAt(x, 100, 110)), ["from", "inside", "to"]);
});
