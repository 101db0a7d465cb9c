import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, placeIn, Places } from "../../static/js/lib/places.js";

const base64 = (array) => Buffer.from(array.buffer).toString("base64");
const answer = (times, rows) => ({ times: base64(Float64Array.from(times)), values: base64(Float32Array.from(rows.flat())) });
const row = (x) => [x, 1, 2, 3, 4, 5, 6, 7, 8, 9];

test("the place of a frame is its own; a gap holds the last one and says that the face is not seen", () => {
  const stretch = decode(answer([0, 40_000, 400_000], [row(10), row(20), row(30)]));
  assert.equal(placeIn(stretch, 40_000).x, 20);
  assert.equal(placeIn(stretch, 40_000).seen, true);
  assert.equal(placeIn(stretch, 200_000).x, 20);
  assert.equal(placeIn(stretch, 200_000).seen, false);
  assert.equal(placeIn(stretch, -1), null);
});

test("a frame that was not measured counts as a gap", () => {
  const stretch = decode(answer([0, 40_000], [row(10), [NaN, NaN, NaN, NaN, 0, 0, 0, 0, 0, 0]]));
  assert.equal(placeIn(stretch, 40_000).x, 10);
  assert.equal(placeIn(stretch, 40_000).seen, false);
});

test("stretches are asked for once, the next one ahead of time, and none beyond the end", async () => {
  const asked = [];
  const places = new Places(async (from, to) => { asked.push([from, to]); return answer([from], [row(from / 1e6)]); }, 200_000_000);
  assert.equal(places.at(0), null);
  await new Promise((resolve) => places.addEventListener("change", resolve, { once: true }));
  assert.equal(places.at(0).x, 0);
  places.at(110_000_000);
  places.at(199_000_000);
  assert.deepEqual(asked, [[0, 120_000_000], [120_000_000, 200_000_001]]);
});
