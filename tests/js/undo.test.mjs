import assert from "node:assert/strict";
import { test } from "node:test";

import { UndoStack } from "../../static/js/lib/undo.js";

test("what was done is undone in reverse and redone in order, without a limit", () => {
  const stack = new UndoStack();
  for (let step = 0; step < 5000; step += 1) stack.push(step);
  const undone = [];
  while (stack.canUndo) undone.push(stack.undo());
  assert.equal(undone.length, 5000);
  assert.equal(undone[0], 4999);
  assert.equal(stack.undo(), undefined);
  assert.equal(stack.redo(), 0);
  assert.equal(stack.redo(), 1);
});

test("something new ends redoing", () => {
  const stack = new UndoStack();
  stack.push("a");
  stack.push("b");
  stack.undo();
  stack.push("c");
  assert.equal(stack.canRedo, false);
  assert.equal(stack.undo(), "c");
  assert.equal(stack.undo(), "a");
});

test("commands that are no longer safe are forgotten on both sides", () => {
  const stack = new UndoStack();
  for (const name of ["a1", "b1", "a2", "b2"]) stack.push(name);
  stack.undo();
  stack.forget((name) => name.startsWith("b"));
  assert.equal(stack.canRedo, false);
  assert.equal(stack.undo(), "a2");
  assert.equal(stack.undo(), "a1");
  assert.equal(stack.canUndo, false);
});
