import assert from "node:assert/strict";
import { test } from "node:test";

import { EventIndex, MOST_LEVELS } from "../../static/js/lib/event-index.js";

const event = (id, code, from, to) => ({ id, code, onset_us: from, offset_us: to });
const found = (index, code, from, to) => {
  const seen = [];
  index.each(code, from, to, ({ id }, level) => seen.push([id, level]));
  return seen;
};

test("events of a window are found as by looking at all of them", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const events = Array.from({ length: 2000 }, (_, at) => {
    const from = Math.floor(random() * 1e6);
    return event(`e${at}`, String(at % 7), from, from + Math.floor(random() ** 4 * 2e5));
  });
  const index = new EventIndex(events);
  for (let turn = 0; turn < 50; turn += 1) {
    const from = Math.floor(random() * 1e6);
    const to = from + Math.floor(random() * 1e5);
    const code = String(turn % 8);
    const expected = events.filter((one) => one.code === code && one.offset_us >= from && one.onset_us <= to).map(({ id }) => id);
    assert.deepEqual(found(index, code, from, to).map(([id]) => id).sort(), expected.sort());
  }
});

test("events that overlap lie on levels of their own, those that only touch do not", () => {
  const index = new EventIndex([event("long", "12", 0, 100), event("inside", "12", 20, 40), event("next", "12", 40, 60), event("after", "12", 100, 120), event("other", "1", 0, 100)]);
  assert.deepEqual(found(index, "12", 0, 200), [["long", 0], ["inside", 1], ["next", 1], ["after", 0]]);
  assert.deepEqual([index.depth("12"), index.depth("1"), index.depth("99")], [2, 1, 1]);
});

test("more than a lane can hold share its last level", () => {
  const index = new EventIndex(Array.from({ length: 9 }, (_, at) => event(`e${at}`, "12", at, 100)));
  assert.equal(index.depth("12"), MOST_LEVELS);
  assert.deepEqual(found(index, "12", 0, 50).map(([, level]) => level), [0, 1, 2, 3, 3, 3, 3, 3, 3]);
});

test("events of no length at the same moment can be told apart", () => {
  assert.deepEqual(found(new EventIndex([event("a", "45", 5, 5), event("b", "45", 5, 5)]), "45", 5, 5), [["a", 0], ["b", 1]]);
});
