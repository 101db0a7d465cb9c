import assert from "node:assert/strict";
import { test } from "node:test";

import { extend, HEIGHT, pointIn, WIDTH } from "../../static/js/components/signature.js";

const box = { left: 10, top: 20, width: 350, height: 140 };

test("corners of the field are corners of the drawing", () => {
  assert.deepEqual(pointIn(box, 10, 20), [0, 0]);
  assert.deepEqual(pointIn(box, 360, 160), [WIDTH, HEIGHT]);
});

test("a finger that leaves the field stays at its edge", () => {
  assert.deepEqual(pointIn(box, -400, 900), [0, HEIGHT]);
});

test("a slow hand makes no more points than a fast one", () => {
  const stroke = [];
  for (let x = 0; x <= 100; x += 1) extend(stroke, [x, 0]);
  assert.equal(stroke.length, 21);
  assert.deepEqual(stroke.at(-1), [100, 0]);
});
