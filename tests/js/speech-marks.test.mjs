import assert from "node:assert/strict";
import { test } from "node:test";

import { at, followed, joined, names, people, put, renamed, saidOf, say, split, without } from "../../static/js/lib/speech-marks.js";

const segment = (start_us, end_us, speaker = "Anna") => ({ start_us, end_us, speaker });
const two = [segment(0, 2_000_000), segment(3_000_000, 5_000_000, "Ben")];

test("who speaks at a moment", () => {
  assert.equal(at(two, 0), 0);
  assert.equal(at(two, 2_000_000), -1);
  assert.equal(at(two, 4_999_999), 1);
  assert.deepEqual(names([...two, segment(6_000_000, 7_000_000)]), ["Anna", "Ben"]);
});

test("a new stretch takes its time from the others, also from their middle", () => {
  assert.deepEqual(put(two, segment(1_500_000, 3_500_000, "Cem")), [segment(0, 1_500_000), segment(1_500_000, 3_500_000, "Cem"), segment(3_500_000, 5_000_000, "Ben")]);
  assert.deepEqual(put([two[0]], segment(500_000, 1_000_000, "Cem")), [segment(0, 500_000), segment(500_000, 1_000_000, "Cem"), segment(1_000_000, 2_000_000)]);
  assert.deepEqual(put(two, segment(0, 4_990_000, "Cem")), [segment(0, 4_990_000, "Cem")], "no splinter is left over");
});

test("split and joined again is what it was", () => {
  const cut = split(two, 1_000_000);
  assert.deepEqual(cut.map(({ start_us }) => start_us), [0, 1_000_000, 3_000_000]);
  assert.deepEqual(joined(cut, 0), two);
  assert.equal(split(two, 2_500_000), null, "nobody speaks there");
  assert.equal(split(two, 5_000), null, "too little would be left");
  assert.equal(joined(two, 1), two, "there is no next one");
});

test("a list that was given away never changes", () => {
  const before = structuredClone(two);
  renamed(two, 0, "Cem");
  without(two, 1);
  put(two, segment(0, 9_000_000));
  assert.deepEqual(two, before);
  assert.equal(renamed(two, 0, "Cem")[0].speaker, "Cem");
  assert.deepEqual(without(two, 0), [two[1]]);
});

test("everybody who speaks is asked about once, whatever their name's capitals and spaces", () => {
  const found = people([...two, segment(6_000_000, 7_000_000)], { "anna ": 3, Dora: 1 }, { ANNA: 0, Gone: "nobody" });
  assert.deepEqual(found, [{ name: "Anna", stretches: 2, lines: 3 }, { name: "Ben", stretches: 1, lines: 0 }, { name: "Dora", stretches: 0, lines: 1 }, { name: "Gone", stretches: 0, lines: 0 }]);
});

test("what is said of a name is changed, taken back, and goes along with a new name once the old one is gone", () => {
  assert.equal(saidOf({ " ANNA": 1 }, "Anna"), 1);
  assert.deepEqual(say({ ANNA: 1, Ben: 0 }, "Anna", "nobody"), { Ben: 0, Anna: "nobody" });
  assert.deepEqual(say({ Anna: 1 }, "Anna", undefined), {});
  const after = renamed(two, 0, "Maria");
  assert.deepEqual(followed({ Anna: 1, Ben: 0 }, "Anna", "Maria", after, {}), { Ben: 0, Maria: 1 });
  assert.deepEqual(followed({ Anna: 1 }, "Anna", "Maria", after, { Anna: 2 }), { Anna: 1 }, "she still is in the transcript");
  assert.deepEqual(followed({ Anna: 1, Maria: 0 }, "Anna", "Maria", after, {}), { Maria: 0 }, "what was said of the new name stays");
});
