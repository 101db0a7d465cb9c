import assert from "node:assert/strict";
import { test } from "node:test";

import { clip, merged, partner, split } from "../../static/js/lib/event-edits.js";

const event = (id, onset_us, apex_us, offset_us, more = {}) =>
  ({ id, code: "12", side: "both", intensity: "B", onset_us, apex_us, offset_us, face: 0, note: "", ...more });

test("split at the playhead keeps the apex in its part", () => {
  assert.deepEqual(split(event("a", 0, 20, 100), 40), { first: { apex_us: 20, offset_us: 40 }, second: { code: "12", side: "both", intensity: "B", onset_us: 40, apex_us: 40, offset_us: 100, face: 0, note: "" } });
  const { first, second } = split(event("a", 0, 60, 100), 40);
  assert.deepEqual([first.apex_us, second.apex_us], [40, 60]);
  assert.deepEqual([split(event("a", 0, 0, 100), 0), split(event("a", 0, 0, 100), 100)], [null, null]);
});

test("merge finds the overlapping event first, then the next, the same side first", () => {
  const a = event("a", 100, 100, 200);
  const others = [event("before", 0, 0, 50), event("next", 300, 300, 400), event("left", 250, 250, 260, { side: "left" }), event("other", 150, 150, 160, { code: "6" }), event("face", 150, 150, 160, { face: 1 })];
  assert.equal(partner(a, [a, ...others])?.id, "left");
  assert.equal(partner(a, [a, ...others, event("over", 150, 150, 300, { side: "left" }), event("over both", 160, 160, 300)])?.id, "over both");
  assert.equal(partner(a, [a, others[0]]), null);
  assert.equal(partner(a, [a, event("before and in", 50, 50, 150)])?.id, "before and in");
});

test("a merged event lasts as long as both and has the stronger one's apex", () => {
  const whole = merged(event("a", 100, 120, 200, { side: "left", note: "one" }), event("b", 180, 220, 300, { side: "right", intensity: "D", note: "two" }));
  assert.deepEqual(whole, { side: "both", intensity: "D", apex_us: 220, onset_us: 100, offset_us: 300, note: "one · two" });
  const side = (a, b) => merged(event("a", 0, 0, 1, { side: a }), event("b", 0, 0, 1, { side: b })).side;
  assert.deepEqual([side("left", "left"), side("unilateral", "left"), side("left", "both"), side("both", "unilateral"), side("", "")], ["left", "left", "both", "both", ""]);
});

test("times are cut to the recording and to the stretch that is coded", () => {
  assert.deepEqual(clip(5, 20, { spans: [], endUs: 10 }), [5, 10]);
  assert.deepEqual(clip(5, 20, { spans: [[0, 8], [15, 30]], endUs: 100 }), [5, 8]);
  assert.deepEqual(clip(15, 20, { spans: [[0, 8], [15, 30]], endUs: 100 }), [15, 20]);
  assert.equal(clip(9, 20, { spans: [[0, 8], [15, 30]], endUs: 100 }), null);
});
