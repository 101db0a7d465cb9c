import assert from "node:assert/strict";
import { test } from "node:test";

import { Catalogue, isOn, letterOf, notation, unit } from "../../static/js/lib/facs.js";

const CODES = [
  ["1", "upper_face", true, true, []], ["43", "upper_face", true, true, ["45"]], ["45", "upper_face", true, true, ["43"]],
  ["12", "lower_face", true, true, []], ["24", "lower_face", false, true, ["25"]], ["25", "lower_face", false, true, ["24"]],
  ["M55", "head", false, false, []],
].map(([code, group, sided, graded, exclusiveWith]) => ({ code, name: code, group, sided, graded, tier: "experimental", exclusiveWith, description: "" }));
const event = (code, from, to, more = {}) =>
  ({ code, side: "", intensity: "", onset_us: from, apex_us: from, offset_us: to, face: 0, note: "", ...more });

test("a combination is written in ascending order with sides and intensities", () => {
  const events = [
    event("25", 0, 10), event("12", 0, 10, { side: "left", intensity: "B" }), event("12", 0, 10, { side: "right", intensity: "C" }),
    event("1", 0, 10, { side: "both", intensity: "A" }), event("M55", 0, 10), event("45", 20, 30, { side: "both" }),
  ];
  assert.equal(notation(events, 5), "1A+L12B+R12C+25+M55");
  assert.equal(notation(events, 25), "45");
  assert.equal(notation(events, 15), "");
});

test("an event is on from its onset until just before its offset", () => {
  assert.deepEqual([9, 10, 19, 20].map((us) => isOn(event("1", 10, 20), us)), [false, true, true, false]);
  assert.equal(isOn(event("1", 10, 10), 10), true);
});

test("a code scored twice is written once, with the stronger intensity", () => {
  const events = [event("12", 0, 9, { side: "both", intensity: "B" }), event("12", 0, 9, { side: "both", intensity: "D" })];
  assert.equal(notation(events, 1), "12D");
  assert.equal(unit(events[0]), "12B");
});

test("exclusive codes are found where they overlap on the same face and side", () => {
  const catalogue = new Catalogue(CODES);
  const eyes = event("43", 10, 20, { side: "left" });
  assert.equal(catalogue.exclusive(eyes, [event("45", 19, 30, { side: "both" })]).length, 1);
  assert.equal(catalogue.exclusive(eyes, [event("45", 20, 30, { side: "both" })]).length, 0);
  assert.equal(catalogue.exclusive(eyes, [event("45", 0, 30, { side: "right" })]).length, 0);
  assert.equal(catalogue.exclusive(eyes, [event("45", 0, 30, { side: "both", face: 1 })]).length, 0);
  assert.equal(catalogue.exclusive(event("24", 0, 9), [event("25", 0, 9)]).length, 1);
});

test("side and intensity follow the code", () => {
  const catalogue = new Catalogue(CODES);
  assert.deepEqual(catalogue.fit(event("12", 0, 1, { intensity: "C" })).side, "both");
  const head = catalogue.fit(event("M55", 0, 1, { side: "left", intensity: "C" }));
  assert.deepEqual([head.side, head.intensity], ["", ""]);
  assert.throws(() => catalogue.get("3"), RangeError);
});

test("letters are the ceiling of the intensity", () => {
  assert.deepEqual([0, 0.1, 1, 1.01, 4.2, 5, 6].map(letterOf), ["", "A", "A", "B", "E", "E", "E"]);
});
