import assert from "node:assert/strict";
import { test } from "node:test";

import { outline, readingAt, sayReading } from "../../static/js/lib/interval.js";

const curve = {
  time_us: [0, 40, 80, 120, 160],
  both: [1, 2.14, null, 3, 0],
  low: [0.5, 1.4, null, 2, 0],
  high: [1.5, 2.86, null, 4, 0.6],
};

test("the outline goes along the upper edge in steps and back along the lower one, and a gap parts it", () => {
  const { x, y } = outline(curve);
  assert.deepEqual(x, [0, 40, 40, 40, 40, 0, null, 120, 160, 160, 160, 160, 120]);
  assert.deepEqual(y, [1.5, 1.5, 2.86, 1.4, 0.5, 0.5, null, 4, 4, 0.6, 0, 2, 2]);
});

test("without intervals there is no outline", () => {
  assert.deepEqual(outline({ time_us: [0, 40], both: [1, 2] }), { x: [], y: [] });
  assert.deepEqual(outline({ time_us: [0], both: [1], low: [null], high: [null] }), { x: [], y: [] });
});

test("a frame is read until the next one comes, and a gap reads as nothing", () => {
  assert.equal(readingAt(curve, -1), null);
  assert.deepEqual(readingAt(curve, 79), { value: 2.14, low: 1.4, high: 2.86 });
  assert.equal(readingAt(curve, 80), null);
  assert.deepEqual(readingAt(curve, 9999), { value: 0, low: 0, high: 0.6 });
  assert.deepEqual(readingAt({ time_us: [0], both: [2] }, 5), { value: 2, low: null, high: null });
});

test("a reading has its interval where there is one", () => {
  assert.equal(sayReading(readingAt(curve, 50)), "2.1 (1.4–2.9)");
  assert.equal(sayReading({ value: 2.14, low: null, high: null }), "2.1");
  assert.equal(sayReading(null), "–");
});
