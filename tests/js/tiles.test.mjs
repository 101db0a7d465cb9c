import assert from "node:assert/strict";
import { test } from "node:test";

import { COLUMNS, lines, Pyramid } from "../../static/js/lib/tiles.js";

const HOUR = 3_600_000_000;
const base64 = (bytes) => Buffer.from(bytes).toString("base64");
/** A tile of two codes from functions of the column. */
const answer = (one, two = () => 0, gates = []) => ({
  codes: ["1", "12"], step: 0.02, gates, heat: base64([...Array.from({ length: COLUMNS }, (_, at) => one(at)), ...Array.from({ length: COLUMNS }, (_, at) => two(at))]),
});
const sampled = (pyramid, code, window, width, field = "heat") => {
  const out = new Uint8Array(width);
  pyramid.sample(field, code, window, width, out);
  return [...out];
};

test("each level has columns half as long, down to a few milliseconds", () => {
  const pyramid = new Pyramid(HOUR);
  assert.equal(pyramid.levelFor({ fromUs: 0, toUs: HOUR }, 1024), 0);
  assert.equal(pyramid.levelFor({ fromUs: 0, toUs: HOUR / 2 }, 1024), 1);
  assert.equal(pyramid.levelFor({ fromUs: 0, toUs: HOUR }, 1100), 1, "never fewer columns than pixels");
  assert.equal(pyramid.levelFor({ fromUs: 0, toUs: 200_000 }, 1100), pyramid.deepest);
  assert.ok(pyramid.columnUs(pyramid.deepest) >= 4000);
  assert.equal(new Pyramid(1_000_000).deepest, 0, "a second needs no finer level");
});

test("tiles of a level follow each other without a hole", () => {
  const pyramid = new Pyramid(HOUR + 7);
  const places = pyramid.places(3, { fromUs: 0, toUs: HOUR + 7 });
  assert.equal(places.length, 8);
  places.slice(1).forEach((place, at) => assert.equal(pyramid.bounds(place).fromUs, pyramid.bounds(places[at]).toUs));
  assert.deepEqual([pyramid.bounds(places[0]).fromUs, pyramid.bounds(places[7]).toUs], [0, HOUR + 7]);
  assert.deepEqual(pyramid.places(3, { fromUs: HOUR / 2 + 10, toUs: HOUR / 2 + 20 }), [{ level: 3, index: 4 }]);
});

test("a peak of one column is seen at every zoom, and a gap stays a gap", () => {
  const pyramid = new Pyramid(HOUR);
  pyramid.put({ level: 0, index: 0 }, answer((at) => (at === 700 ? 251 : at < 300 ? 0 : 1)));
  const whole = { fromUs: 0, toUs: HOUR };
  for (const width of [1, 10, 333, 1024]) assert.equal(Math.max(...sampled(pyramid, "1", whole, width)), 251);
  assert.deepEqual(sampled(pyramid, "1", { fromUs: 0, toUs: HOUR / 8 }, 20), new Array(20).fill(0));
  assert.deepEqual(sampled(pyramid, "99", whole, 3), [0, 0, 0]);
});

test("coarser tiles stand in until finer ones are there", () => {
  const pyramid = new Pyramid(HOUR);
  pyramid.put({ level: 0, index: 0 }, answer(() => 101));
  const window = { fromUs: HOUR / 4, toUs: HOUR / 2 };
  assert.deepEqual(new Set(sampled(pyramid, "1", window, 1024)), new Set([101]));
  pyramid.put({ level: 2, index: 1 }, answer(() => 51));
  assert.deepEqual(new Set(sampled(pyramid, "1", window, 1024)), new Set([51]));
  assert.deepEqual(new Set(sampled(pyramid, "1", { fromUs: HOUR / 2, toUs: (HOUR * 3) / 4 }, 1024)), new Set([101]), "the neighbour is still coarse");
  assert.equal(pyramid.valueAt("1", HOUR / 3), 1);
  assert.equal(pyramid.valueAt("1", HOUR / 1.5), 2);
  assert.equal(pyramid.valueAt("12", HOUR / 3), null);
  assert.equal(pyramid.valueAt("1", HOUR), null);
});

test("of lower ends the lowest counts, of upper ends the highest, and none is none", () => {
  const pyramid = new Pyramid(HOUR);
  pyramid.put({ level: 0, index: 0 }, answer(() => 101));
  const pattern = (a, b) => base64(Array.from({ length: COLUMNS }, (_, at) => (at % 2 ? a : b)));
  pyramid.putEnds({ level: 0, index: 0 }, ["1", "12"], { codes: ["1"], low: pattern(51, 0), high: pattern(151, 201) });
  const whole = { fromUs: 0, toUs: HOUR };
  assert.deepEqual([sampled(pyramid, "1", whole, 2, "low"), sampled(pyramid, "1", whole, 2, "high")], [[51, 51], [201, 201]]);
  assert.deepEqual(sampled(pyramid, "12", whole, 2, "low"), [0, 0], "asked for, and has none");
});

test("what was used longest ago is forgotten, the whole recording never", () => {
  const pyramid = new Pyramid(HOUR, { most: 3 });
  pyramid.put({ level: 0, index: 0 }, answer(() => 1));
  for (const index of [0, 1]) pyramid.put({ level: 2, index }, answer(() => 1));
  sampled(pyramid, "1", { fromUs: 0, toUs: HOUR / 4 }, 1024); // uses 2/0
  pyramid.put({ level: 2, index: 2 }, answer(() => 1));
  assert.equal(pyramid.size, 3);
  assert.ok(pyramid.get({ level: 0, index: 0 }) && pyramid.get({ level: 2, index: 0 }) && !pyramid.get({ level: 2, index: 1 }));
});

test("reasons of neighbouring tiles are told once, ascending", () => {
  const pyramid = new Pyramid(HOUR);
  const gate = [HOUR / 2 - 10, HOUR / 2 + 10, "small"];
  pyramid.put({ level: 0, index: 0 }, answer(() => 1));
  pyramid.put({ level: 1, index: 1 }, answer(() => 1, () => 0, [gate, [HOUR - 5, HOUR, "turned"]]));
  pyramid.put({ level: 1, index: 0 }, answer(() => 1, () => 0, [[0, 5, "moving"], gate]));
  const window = { fromUs: 0, toUs: HOUR };
  assert.deepEqual(pyramid.gates(window, 2000).map(([from]) => from), [0, HOUR / 2 - 10, HOUR - 5]);
});

test("activity is the mean of what was seen", () => {
  const pyramid = new Pyramid(HOUR);
  assert.equal(pyramid.activity(), null);
  pyramid.put({ level: 0, index: 0 }, answer((at) => [0, 1, 51, 251][at % 4], (at) => [0, 251, 0, 251][at % 4]));
  assert.deepEqual([...pyramid.activity().slice(0, 4)].map((value) => Math.round(value * 100) / 100), [NaN, 0.5, 0.2, 1]);
});

test("bytes of another size are refused", () => {
  assert.throws(() => lines(base64([1, 2, 3]), ["1"], 4), RangeError);
});
