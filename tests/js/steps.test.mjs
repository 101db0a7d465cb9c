import assert from "node:assert/strict";
import { test } from "node:test";

import { steps } from "../../static/js/lib/steps.js";

const same = (/** @type {number} */ value) => value;

test("a value holds until the next one, and a gap stays a gap", () => {
  assert.equal(steps([0, 1, 2, 3, 4], [1, 2, null, 4, 5], same, same), "M0.0 1.0H1.0V2.0M3.0 4.0H4.0V5.0");
});

test("nothing measured is nothing drawn", () => {
  assert.equal(steps([0, 1], [null, null], same, same), "");
});
