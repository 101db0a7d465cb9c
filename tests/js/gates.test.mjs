import assert from "node:assert/strict";
import { test } from "node:test";

import { holes, reasonsAt, sayWhy } from "../../static/js/lib/gates.js";

const gates = [
  [0, 100, "no face"],
  [100, 200, "occluded:mouth"],
  [200, 300, "turned:left;occluded:mouth"],
  [500, 600, "turned:left"],
];
const chin = { code: "17", sided: false, needs: ["mouth", "chin"] };
const corner = { code: "12", sided: true, needs: ["mouth"] };
const brow = { code: "1", sided: true, needs: ["brows"] };
const head = { code: "51", sided: false, needs: [] };

test("a reason concerns the units that need the part, and a turned side those with sides", () => {
  assert.deepEqual(reasonsAt(gates, chin, 150), ["occluded:mouth"]);
  assert.deepEqual(reasonsAt(gates, brow, 150), []);
  assert.deepEqual(reasonsAt(gates, corner, 250), ["turned:left", "occluded:mouth"]);
  assert.deepEqual(reasonsAt(gates, brow, 250), ["turned:left"]);
  assert.deepEqual(reasonsAt(gates, head, 250), []);
  assert.deepEqual([chin, corner, brow, head].map((unit) => reasonsAt(gates, unit, 50)), Array(4).fill(["no face"]));
});

test("a stretch begins with its first microsecond and ends before its last", () => {
  assert.deepEqual(reasonsAt(gates, brow, 499), []);
  assert.deepEqual(reasonsAt(gates, brow, 500), ["turned:left"]);
  assert.deepEqual(reasonsAt(gates, brow, 600), []);
  assert.deepEqual(reasonsAt([], brow, 50), []);
});

test("holes of a unit are joined where one reason follows another", () => {
  assert.deepEqual(holes(gates, chin), [[0, 300]]);
  assert.deepEqual(holes(gates, brow), [[0, 100], [200, 300], [500, 600]]);
  assert.deepEqual(holes(gates, head), [[0, 100]]);
});

test("a sentence says what the words are, and a strange reason itself", () => {
  const words = { "occluded:mouth": "the mouth is covered" };
  assert.equal(sayWhy(["occluded:mouth", "new"], words), "Not scored: the mouth is covered, new");
  assert.equal(sayWhy(["turned:left"], { "turned:left": "the left side is turned away" }, true), "One side only: the left side is turned away");
  assert.equal(sayWhy([], words), "");
});
