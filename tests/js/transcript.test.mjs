import assert from "node:assert/strict";
import { test } from "node:test";

import { add, at, fromRows, join, next, problems, remove, renamed, speakers, split, toRows } from "../../static/js/lib/transcript.js";

const LIMITS = { durationUs: 10_000_000, longest: 50 };
const three = () => fromRows([
  [0, 2_000_000, "Anna", "Good morning everybody"],
  [2_500_000, 5_000_000, "Ben", "Hello"],
  [6_000_000, null, "Anna", "Let us begin"],
]);

test("a split at the caret cuts at the playhead where it stands inside, otherwise by the share of the text", () => {
  const units = three();
  assert.deepEqual(toRows(split(units, 0, 12, 1_500_000).units).slice(0, 2), [[0, 1_500_000, "Anna", "Good morning"], [1_500_000, 2_000_000, "Anna", "everybody"]]);
  const far = split(units, 0, 11, 9_000_000);
  assert.equal(far.units[0].end, 1_000_000);
  assert.equal(far.units[1].start, 1_000_000);
  assert.deepEqual(far.place, { key: far.units[1].key, caret: 0 });
  assert.equal(units.length, 3, "the list that was given is unchanged");
});

test("a split of a unit without times makes two without times", () => {
  assert.deepEqual(toRows(split(fromRows([[null, null, "", "one two"]]), 0, 3, 4_000_000).units), [[null, null, "", "one"], [null, null, "", "two"]]);
});

test("a split at either end keeps both halves in the unit's time", () => {
  for (const caret of [0, 22]) assert.deepEqual(problems(split(three(), 0, caret, null).units, LIMITS), []);
});

test("Enter ends the unit that is being typed at the playhead and starts the next there", () => {
  const typed = fromRows([[1_000_000, null, "Anna", "So"]]);
  const { units, place } = next(typed, 0, 2, 3_000_000);
  assert.deepEqual(toRows(units), [[1_000_000, 3_000_000, "Anna", "So"], [3_000_000, null, "Anna", ""]]);
  assert.equal(place.key, units[1].key);
});

test("Enter never makes times that go back, wherever the video stands", () => {
  for (const now of [null, 0, 700_000, 2_200_000, 5_500_000, 9_900_000]) {
    for (const index of [0, 1, 2]) {
      const units = three();
      const result = next(units, index, units[index].text.length, now).units;
      assert.deepEqual(problems(result, LIMITS), [], `playhead ${now}, unit ${index}`);
      assert.equal(result.length, 4);
    }
  }
});

test("Enter inside of the words splits them", () => {
  assert.deepEqual(next(three(), 0, 4, null).units.slice(0, 2).map(({ text }) => text), ["Good", "morning everybody"]);
});

test("a unit that is added leaves the others as they are", () => {
  for (const now of [null, 0, 1_000_000, 2_200_000, 9_000_000]) {
    for (const index of [-1, 0, 1, 2]) {
      const units = three();
      const result = add(units, index, now).units;
      assert.deepEqual(toRows(result.filter((_, place) => place !== index + 1)), toRows(units));
      assert.deepEqual(problems(result, LIMITS), [], `playhead ${now}, behind ${index}`);
    }
  }
});

test("joined units span both and the caret stands between", () => {
  const { units, place } = join(three(), 0);
  assert.deepEqual(toRows(units)[0], [0, 5_000_000, "Anna", "Good morning everybody Hello"]);
  assert.equal(place.caret, 23);
  assert.equal(join(three(), 2).units.length, 3);
});

test("split and join are each other's reverse", () => {
  const units = three();
  assert.deepEqual(toRows(join(split(units, 0, 13, 1_000_000).units, 0).units), toRows(units));
});

test("where a unit is removed the caret goes to the next, or to the end of the last", () => {
  const units = three();
  assert.equal(remove(units, 0).place.key, units[1].key);
  assert.deepEqual(remove(units, 2).place, { key: units[1].key, caret: 5 });
  assert.equal(remove(units.slice(0, 1), 0).place, null);
});

test("the unit that is said at a time", () => {
  const units = three();
  assert.deepEqual([0, 1_999_999, 2_000_000, 3_000_000, 5_500_000, 8_000_000].map((us) => at(units, us)), [0, 0, -1, 1, -1, 2]);
  const both = fromRows([[0, 8_000_000, "Anna", "long"], [1_000_000, 2_000_000, "Ben", "yes"], [3_000_000, 4_000_000, "Ben", "no"]]);
  assert.deepEqual([500_000, 1_500_000, 2_500_000, 5_000_000, 9_000_000].map((us) => at(both, us)), [0, 1, 0, 0, -1]);
  assert.equal(at(fromRows([[null, null, "", "x"]]), 0), -1);
});

test("speakers by the alphabet, and one renamed everywhere", () => {
  assert.deepEqual(speakers(three()), ["Anna", "Ben"]);
  assert.deepEqual(speakers(renamed(three(), "Ben", "Interviewer")), ["Anna", "Interviewer"]);
});

test("every rule that the server has", () => {
  const said = (row) => problems(fromRows(row), LIMITS).map(({ index, field }) => [index, field]);
  assert.deepEqual(said([[0, 1, "", "fine"], [null, null, "", "fine"], [1, null, "", "fine"]]), []);
  assert.deepEqual(said([[5, 4, "", ""]]), [[0, "end"]]);
  assert.deepEqual(said([[5, 5, "", ""]]), [[0, "end"]]);
  assert.deepEqual(said([[5, null, "", ""], [4, null, "", ""]]), [[1, "start"]]);
  assert.deepEqual(said([[null, 4, "", ""]]), [[0, "start"]]);
  assert.deepEqual(said([[10_000_001, null, "", ""]]), [[0, "start"]]);
  assert.deepEqual(said([[9_000_000, 10_000_001, "", ""]]), [[0, "end"]]);
  assert.deepEqual(said([[0, null, "s".repeat(81), "t".repeat(51)]]), [[0, "text"], [0, "speaker"]]);
});
