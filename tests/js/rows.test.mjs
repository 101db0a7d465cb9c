import assert from "node:assert/strict";
import { test } from "node:test";

import { chooseRows, edgeAt, hit, isActionUnit, LANES, moveEdge, ROW } from "../../static/js/lib/rows.js";

const WINDOW = { fromUs: 0, toUs: 10_000_000 };
const WIDTH = 1000; // 10 ms a pixel
const event = (id, code, from, apex, to) => ({ id, code, onset_us: from * 1e6, apex_us: apex * 1e6, offset_us: to * 1e6, deleted: false });
const mine = [event("a", "12", 2, 3, 5), event("b", "12", 2.5, 2.6, 2.8), event("c", "1", 2, 3, 4)];
const machine = [event("m", "12", 1.9, 3, 5.1)];
const scene = (x, y, more = {}) => ({ x, y, width: WIDTH, window: WINDOW, rows: ["1", "12"], lanes: LANES.both, mine, machine, selected: null, ...more });

test("the pointer finds the bar in its row and lane, the shortest where bars overlap", () => {
  assert.equal(hit(scene(300, ROW + 24)).event.id, "a");
  assert.equal(hit(scene(265, ROW + 24)).event.id, "b");
  assert.deepEqual([hit(scene(300, ROW + 16)).event.id, hit(scene(300, ROW + 16)).machine], ["m", true]);
  assert.equal(hit(scene(300, 24)).event.id, "c");
  assert.equal(hit(scene(300, ROW + 5)), null, "the heat is no bar");
  assert.equal(hit(scene(700, ROW + 24)), null);
  assert.equal(hit(scene(300, 5 * ROW)), null);
});

test("only the selected event's edges are taken hold of", () => {
  assert.equal(hit(scene(501, ROW + 24)).edge, null);
  assert.equal(hit(scene(501, ROW + 24, { selected: "a" })).edge, "offset_us");
  assert.equal(hit(scene(198, ROW + 24, { selected: "a" })).edge, "onset_us");
  assert.equal(hit(scene(302, ROW + 24, { selected: "a" })).edge, "apex_us");
  assert.equal(hit(scene(198, 24, { selected: "a" })).event.id, "c", "not from another row");
});

test("a short event can always be made longer", () => {
  const blink = event("b", "45", 2, 2.01, 2.02);
  assert.equal(edgeAt(blink, 196, WINDOW, WIDTH), "onset_us");
  assert.equal(edgeAt(blink, 205, WINDOW, WIDTH), "offset_us");
  assert.equal(edgeAt(event("p", "45", 2, 2, 2), 203, WINDOW, WIDTH), "offset_us");
});

test("edges push each other and never cross", () => {
  const times = { onset_us: 10, apex_us: 20, offset_us: 30 };
  assert.deepEqual(moveEdge(times, "onset_us", 25), { onset_us: 25, apex_us: 25, offset_us: 30 });
  assert.deepEqual(moveEdge(times, "onset_us", 40), { onset_us: 40, apex_us: 40, offset_us: 40 });
  assert.deepEqual(moveEdge(times, "offset_us", 15), { onset_us: 10, apex_us: 15, offset_us: 15 });
  assert.deepEqual(moveEdge(times, "apex_us", 5), { onset_us: 5, apex_us: 5, offset_us: 30 });
});

test("rows are chosen by data, by events, or all 44 Action Units", () => {
  const codes = ["1", "2", "40", "12", "51", "M55"].map((code) => ({ code, exclusiveWith: [] }));
  const catalogue = { codes };
  const present = { data: ["12", "51"], events: ["M55", "1"] };
  assert.deepEqual(chooseRows("data", catalogue, present), ["1", "12", "51", "M55"]);
  assert.deepEqual(chooseRows("events", catalogue, present), ["1", "M55"]);
  assert.deepEqual(chooseRows("all", catalogue, present), ["1", "2", "12", "51", "M55"]);
  const count = Array.from({ length: 100 }, (_, number) => String(number)).filter(isActionUnit).length;
  assert.equal(count, 44);
});
