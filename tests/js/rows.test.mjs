import assert from "node:assert/strict";
import { test } from "node:test";

import { EventIndex } from "../../static/js/lib/event-index.js";
import { lets, plainFilter, sayEmpty } from "../../static/js/lib/row-filter.js";
import { arrange, chooseRows, edgeAt, heightOf, hit, isActionUnit, itemAt, LANES, moveEdge } from "../../static/js/lib/rows.js";

const WINDOW = { fromUs: 0, toUs: 10_000_000 };
const WIDTH = 1000; // 10 ms a pixel
const event = (id, code, from, apex, to, more = {}) => ({ id, code, onset_us: from * 1e6, apex_us: apex * 1e6, offset_us: to * 1e6, deleted: false, standing: "proposed", confidence: 0.8, ...more });
const mine = [event("a", "12", 2, 3, 5), event("b", "12", 2.5, 2.6, 2.8), event("c", "1", 2, 3, 4)];
const machine = [event("m", "12", 1.9, 3, 5.1)];
const GROUP = { 1: "upper_face", 2: "upper_face", 12: "lower_face", 19: "miscellaneous", 40: "gross", 51: "head", 61: "eyes", 70: "visibility", M55: "head" };
const codes = ["1", "2", "12", "19", "51", "M55", "61", "70", "40"].map((code) => ({ code, group: GROUP[code], exclusiveWith: [] }));
const catalogue = { codes, get: (code) => codes.find((one) => one.code === code) };
const indexes = { mine: new EventIndex(mine), machine: new EventIndex(machine) };
const laid = (rows, more = {}) => arrange(rows, catalogue, { lanes: LANES.both, indexes, closed: new Set(), grouped: true, ...more });
const items = laid(["1", "12"]);
const row = (code) => items.find((item) => item.code === code);
const inLane = (code, key, level = 0) => { const lane = row(code).lanes.find((one) => one.key === key); return row(code).top + lane.top + (level + 0.5) * lane.level; };
const at = (x, y, more = {}) => hit({ x, y, width: WIDTH, window: WINDOW, items, lanes: LANES.both, indexes, selected: null, ...more });

test("the pointer finds the bar in its row, lane and level", () => {
  assert.equal(at(300, inLane("12", "mine")).event.id, "a");
  assert.equal(at(265, inLane("12", "mine", 1)).event.id, "b", "what overlaps lies below");
  assert.equal(at(400, inLane("12", "mine", 1)), null);
  assert.deepEqual([at(300, inLane("12", "machine")).event.id, at(300, inLane("12", "machine")).lane], ["m", "machine"]);
  assert.equal(at(300, inLane("1", "mine")).event.id, "c");
  assert.equal(at(300, row("12").top + 5), null, "the curve is no bar");
  assert.equal(at(700, inLane("12", "mine")), null);
  assert.equal(at(300, items[0].top + 5), null, "a heading is no row");
  assert.equal(at(300, heightOf(items) + 5), null);
});

test("only the selected event's edges are taken hold of", () => {
  const y = inLane("12", "mine");
  assert.equal(at(501, y).edge, null);
  assert.equal(at(501, y, { selected: "a" }).edge, "offset_us");
  assert.equal(at(198, y, { selected: "a" }).edge, "onset_us");
  assert.equal(at(302, y, { selected: "a" }).edge, "apex_us");
  assert.equal(at(198, inLane("1", "mine"), { selected: "a" }).event.id, "c", "not from another row");
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

test("rows come in FACS order whatever the catalogue's is, by data, events, units or all", () => {
  const own = [event("x", "M55", 1, 1, 2), event("y", "1", 1, 1, 2, { standing: "accepted" }), event("z", "70", 1, 1, 2, { deleted: true })];
  const present = { data: ["12", "51"], own, machine: [] };
  const rows = (choice) => chooseRows(plainFilter(choice), catalogue, present);
  assert.deepEqual(rows("data"), ["1", "12", "51", "M55"]);
  assert.deepEqual(rows("events"), ["1", "M55"]);
  assert.deepEqual(rows("unreviewed"), ["M55"]);
  assert.deepEqual(rows("units"), ["1", "2", "12", "51", "M55", "19"]);
  assert.deepEqual(rows("all"), ["1", "2", "12", "61", "51", "M55", "19", "70", "40"]);
  assert.equal(Array.from({ length: 100 }, (_, number) => String(number)).filter(isActionUnit).length, 44);
});

test("rows of a prototype, and those with the least sure proposals first", () => {
  const own = [event("x", "1", 1, 1, 2, { confidence: 0.9 }), event("y", "12", 1, 1, 2, { confidence: 0.3 }), event("z", "2", 1, 1, 2, { confidence: 0.1, standing: "accepted" })];
  const present = { data: [], own, machine: own };
  assert.deepEqual(chooseRows({ ...plainFilter("events"), only: ["1", "2"] }, catalogue, present), ["1", "2"]);
  assert.deepEqual(chooseRows({ ...plainFilter("events"), order: "confidence" }, catalogue, present), ["12", "1", "2"], "what was decided about comes last");
});

test("groups have headings, closed ones no rows, and everything stands below the other", () => {
  const closed = laid(["1", "2", "12", "61"], { closed: new Set(["upper_face"]) });
  assert.deepEqual(closed.map((item) => item.code ?? item.group), ["upper_face", "lower_face", "12", "eyes", "61"]);
  assert.deepEqual(closed[0].codes, ["1", "2"]);
  closed.slice(1).forEach((item, before) => assert.equal(item.top, closed[before].top + closed[before].height));
  assert.equal(itemAt(closed, closed[2].top).code, "12");
  assert.deepEqual(laid(["12", "1"], { grouped: false }).map((item) => item.code), ["12", "1"]);
  assert.ok(row("12").height > row("1").height, "overlapping events make a row higher");
  assert.equal(laid(["1"], { least: 44 })[1].height, 44);
});

test("the filter holds for lists of events, and an empty one says what to do", () => {
  const proposed = event("x", "1", 1, 1, 2);
  const accepted = event("y", "12", 1, 1, 2, { standing: "accepted" });
  assert.deepEqual([proposed, accepted].map((one) => lets(plainFilter("unreviewed"), one)), [true, false]);
  assert.deepEqual([proposed, accepted].map((one) => lets({ ...plainFilter("all"), only: ["12"] }, one)), [false, true]);
  for (const filter of [plainFilter("events"), plainFilter("unreviewed"), { ...plainFilter("all"), only: ["9"] }]) assert.match(sayEmpty(filter, { blind: false }), /[Cc]hoose|[Cc]lear/);
});
