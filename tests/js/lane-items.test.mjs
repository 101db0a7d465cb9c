import assert from "node:assert/strict";
import test from "node:test";

import { stack, standing, valueAt } from "../../static/js/lib/lane-items.js";

const item = (from, to, label = "") => ({ from, to, label });

test("stretches that do not overlap share a row, those that do get their own", () => {
  const items = [item(0, 10), item(5, 8), item(8, 20), item(10, 12)];
  assert.equal(stack(items), 2);
  assert.deepEqual(items.map(({ row }) => row), [0, 1, 1, 0]);
});

test("what would need more rows than there are shares the last one", () => {
  const items = [item(0, 10), item(1, 10), item(2, 10), item(3, 10)];
  assert.equal(stack(items, 3), 3);
  assert.deepEqual(items.map(({ row }) => row), [0, 1, 2, 2]);
  const after = item(10, 11);
  stack([...items, after], 3);
  assert.equal(after.row, 0);
});

test("an empty lane is one row high", () => assert.equal(stack([]), 1));

test("a stretch stands from its beginning until before its end, one without length at its moment", () => {
  const lane = { items: [item(10, 20, "a"), item(20, 20, "b")] };
  assert.deepEqual(standing(lane, 10).map(({ label }) => label), ["a"]);
  assert.deepEqual(standing(lane, 20).map(({ label }) => label), ["b"]);
  assert.deepEqual(standing(lane, 9), []);
});

test("a curve's value is that of the nearest window, and nothing where none is near or it was not measured", () => {
  const curve = { times: [100, 200, 300, 900], values: [1, null, 3, 4], low: [0, null, 2, 3], high: [2, null, 4, 5] };
  assert.deepEqual(valueAt(curve, 110), { value: 1, low: 0, high: 2 });
  assert.equal(valueAt(curve, 190), null);
  assert.equal(valueAt(curve, 260)?.value, 3);
  assert.equal(valueAt(curve, 600), null);
  assert.equal(valueAt(curve, 950)?.value, 4);
  assert.equal(valueAt({ times: [], values: [] }, 0), null);
});
