import assert from "node:assert/strict";
import { test } from "node:test";

import { Draft } from "../../static/js/lib/transcript-draft.js";
import { changed, fromRows, remove, toRows } from "../../static/js/lib/transcript.js";

function typing() {
  const clock = { now: 0 };
  const draft = new Draft(fromRows([[null, null, "", ""], [null, null, "", "b"]]), () => clock.now);
  const type = (/** @type {string} */ text) => draft.apply(changed(draft.units, 0, { text }), { typing: "1 text" });
  return { clock, draft, type };
}

test("typing in one field is one step until a pause", () => {
  const { clock, draft, type } = typing();
  for (const text of ["G", "Go", "Good"]) {
    type(text);
    clock.now += 500;
  }
  clock.now += 3000;
  type("Good morning");
  draft.undo();
  assert.equal(draft.units[0].text, "Good");
  draft.undo();
  assert.equal(draft.units[0].text, "");
  assert.equal(draft.canUndo, false);
  draft.redo();
  draft.redo();
  assert.equal(draft.units[0].text, "Good morning");
  assert.equal(draft.canRedo, false);
});

test("typing after an undo is a new step, and ends redoing", () => {
  const { draft, type } = typing();
  type("a");
  draft.undo();
  type("x");
  assert.equal(draft.canRedo, false);
  draft.undo();
  assert.equal(draft.units[0].text, "");
});

test("another field or another act ends the step", () => {
  const { draft, type } = typing();
  type("a");
  draft.apply(changed(draft.units, 1, { text: "bc" }), { typing: "2 text" });
  draft.undo();
  assert.deepEqual(toRows(draft.units).map((row) => row[3]), ["a", "b"]);
});

test("what was removed comes back with the place where the caret was", () => {
  const { draft } = typing();
  const before = draft.units;
  /** @type {any[]} */ const told = [];
  draft.addEventListener("change", (event) => told.push(event.detail));
  const { units, place } = remove(before, 1);
  draft.apply(units, { from: { key: before[1].key, caret: 1 }, to: place });
  draft.undo();
  assert.deepEqual(draft.units, before);
  assert.deepEqual(told.map(({ place: at }) => at), [{ key: before[0].key, caret: 0 }, { key: before[1].key, caret: 1 }]);
  draft.apply(draft.units);
  assert.equal(told.length, 2, "the same list is no change");
});
