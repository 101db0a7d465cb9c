import assert from "node:assert/strict";
import { test } from "node:test";

import { following, fitted, hull, limited, line, similarity, toScreen, WHOLE, zoomed } from "../../static/js/lib/stage-view.js";

const close = (a, b, slack = 1e-6) => assert.ok(Math.abs(a - b) < slack, `${a} is not ${b}`);
const PICTURE = { width: 640, height: 480 };

test("a picture lies in the middle of its box, with bars beside or above it", () => {
  assert.deepEqual(fitted(PICTURE, { width: 400, height: 240 }), { scale: 0.5, x: 40, y: 0 });
  assert.deepEqual(fitted(PICTURE, { width: 320, height: 400 }), { scale: 0.5, x: 0, y: 80 });
});

test("zooming leaves the point under the pointer where it is", () => {
  const fit = fitted(PICTURE, { width: 400, height: 240 });
  const before = toScreen({ x: 100, y: 50 }, fit, WHOLE);
  const after = toScreen({ x: 100, y: 50 }, fit, zoomed(WHOLE, 3, before));
  close(after.x, before.x);
  close(after.y, before.y);
});

test("a moved picture never leaves an empty edge that it could fill", () => {
  const box = { width: 400, height: 240 };
  const fit = fitted(PICTURE, box);
  const view = limited({ zoom: 2, x: 900, y: -900 }, fit, PICTURE, box);
  close(toScreen({ x: 0, y: 0 }, fit, view).x, 0);
  close(toScreen({ x: 640, y: 480 }, fit, view).y, 240);
  assert.deepEqual(limited({ zoom: 1, x: 33, y: -4 }, fit, PICTURE, box), { zoom: 1, x: 0, y: 0 });
});

test("following puts the face in the middle at the size asked for", () => {
  const box = { width: 400, height: 240 };
  const fit = fitted(PICTURE, box);
  const view = following({ x: 500, y: 100, size: 120 }, fit, box, 0.5);
  const middle = toScreen({ x: 500, y: 100 }, fit, view);
  close(middle.x, 200);
  close(middle.y, 120);
  close(toScreen({ x: 560, y: 100 }, fit, view).x - toScreen({ x: 440, y: 100 }, fit, view).x, 120);
});

test("a similarity brings both points to where they belong", () => {
  const map = similarity([{ x: 10, y: 20 }, { x: 30, y: 20 }], [{ x: 5, y: 5 }, { x: 5, y: 45 }]);
  const moved = ({ x, y }) => ({ x: map.a * x - map.b * y + map.e, y: map.b * x + map.a * y + map.f });
  close(moved({ x: 10, y: 20 }).x, 5);
  close(moved({ x: 30, y: 20 }).y, 45);
  close(moved({ x: 20, y: 20 }).x, 5); // the middle stays the middle
});

test("the line through a turned face has its size and its slope", () => {
  const [a, b] = line({ x: 0, y: 0, size: 10, roll: 90 });
  close(b.y - a.y, 10);
  close(b.x - a.x, 0);
});

test("the outline around points leaves inner ones out", () => {
  const square = [{ x: 0, y: 0 }, { x: 4, y: 0 }, { x: 4, y: 4 }, { x: 0, y: 4 }];
  const outline = hull([...square, { x: 2, y: 2 }, { x: 1, y: 3 }]);
  assert.equal(outline.length, 4);
  assert.ok(square.every((corner) => outline.some(({ x, y }) => x === corner.x && y === corner.y)));
});
