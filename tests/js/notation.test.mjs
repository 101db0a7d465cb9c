import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { lengthOf, parse, settled, sideOf, timing, unkept } from "../../static/js/lib/notation.js";

const shared = JSON.parse(readFileSync(new URL("../notation_cases.json", import.meta.url), "utf-8"));
const CODES = new Map(shared.codes.map((code) => [code.code, code]));

for (const { text, units, error } of shared.cases) {
  test(`"${text}" is read as the server reads it`, () => {
    const reading = parse(text, CODES);
    assert.equal(reading.errors[0], error);
    if (units) assert.deepEqual(reading.units.map(({ code, prefix, intensity }) => `${code}/${prefix}/${intensity}`), units);
  });
}

test("every mistake is named, not only the first, and what is right stays", () => {
  const { units, errors } = parse("12B+3+L17+12+4C", CODES);
  assert.deepEqual(units.map(({ code }) => code), ["12", "4"]);
  assert.equal(errors.length, 3);
});

test("a plus at the end of what is being typed is no mistake yet", () => {
  assert.equal(settled("1+2 + "), "1+2");
  assert.deepEqual(parse(settled("1+2+"), CODES).errors, []);
  assert.equal(parse(settled("1++"), CODES).errors.length, 1);
});

test("sides of events, and what events have no place for", () => {
  const [left, right, one, both, top, strong, none] = parse("L1+R2+U4+5+T10+W12+17", CODES).units;
  assert.deepEqual([left, right, one, both, top, none].map((unit) => sideOf(unit, CODES.get(unit.code))), ["left", "right", "unilateral", "both", "both", ""]);
  assert.deepEqual([left, top, strong].map(unkept), ["", "top lip", "stronger on the left"]);
});

test("a still shows no blink, and a long one is 43E", () => {
  const units = parse("45", CODES).units;
  assert.match(timing(units, { still: true, rangeUs: null }).errors[0], /cannot be scored in a still/);
  assert.match(timing(units, { still: false, rangeUs: 500_001 }).warnings[0], /43E, not 45/);
  assert.deepEqual(timing(units, { still: false, rangeUs: 500_000 }), { errors: [], warnings: [] });
  assert.deepEqual(timing(units, { still: false, rangeUs: null }), { errors: [], warnings: [] });
  assert.deepEqual(timing(parse("43", CODES).units, { still: true, rangeUs: 9e9 }), { errors: [], warnings: [] });
  assert.deepEqual([lengthOf("45", 1e6), lengthOf("12", 1e6), lengthOf("45", 2e5)], [5e5, 1e6, 2e5]);
});
