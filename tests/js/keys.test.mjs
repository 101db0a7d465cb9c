import assert from "node:assert/strict";
import { test } from "node:test";

import { ariaKey, beginsCode, capsOf, keyName, Keymap, whyReserved } from "../../static/js/lib/keys.js";

const press = (key, code = "", more = {}) => ({ key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });
const graph = (name) => name === "AltGraph";

test("letters count with Shift, characters that need it do not say it", () => {
  assert.equal(keyName(press("l", "KeyL")), "l");
  assert.equal(keyName(press("L", "KeyL", { shiftKey: true })), "Shift+l");
  assert.equal(keyName(press("L", "KeyL")), "l"); // caps lock
  assert.equal(keyName(press("?", "Slash", { shiftKey: true })), "?");
  assert.equal(keyName(press("?", "Minus", { shiftKey: true })), "?"); // German
  assert.equal(keyName(press(" ", "Space")), "Space");
  assert.equal(keyName(press("ArrowLeft", "ArrowLeft", { shiftKey: true })), "Shift+ArrowLeft");
  assert.equal(keyName(press("=", "Equal")), "+");
  assert.equal(keyName(press("Backspace", "Backspace")), "Delete");
});

test("brackets that need AltGr or Option are brackets", () => {
  assert.equal(keyName(press("[", "Digit8", { ctrlKey: true, altKey: true, getModifierState: graph })), "[");
  assert.equal(keyName(press("[", "Digit5", { altKey: true })), "[");
  assert.equal(keyName(press("AltGraph", "AltRight")), "");
});

test("with Ctrl and Alt the place of the key counts, and with letters that are not Latin", () => {
  assert.equal(keyName(press("z", "KeyZ", { ctrlKey: true })), "Mod+z");
  assert.equal(keyName(press("Z", "KeyZ", { metaKey: true, shiftKey: true })), "Mod+Shift+z");
  assert.equal(keyName(press("я", "KeyZ", { ctrlKey: true })), "Mod+z");
  assert.equal(keyName(press("y", "KeyY", { ctrlKey: true })), "Mod+Shift+z");
  assert.equal(keyName(press("˚", "KeyK", { altKey: true })), "˚"); // a character that Option writes
  assert.equal(keyName(press("k", "KeyK", { altKey: true })), "Alt+k");
  assert.equal(keyName(press("о", "KeyJ")), "j");
});

test("what browsers keep is refused with a reason, other keys are not", () => {
  for (const name of ["Mod+w", "Mod+t", "Mod+n", "Mod+Shift+t", "Tab", "Shift+Tab", "F5", "Alt+ArrowLeft", "Alt+F4", "Escape", "", "Mod+1", "Mod+r"]) {
    assert.notEqual(whyReserved(name), "", name);
  }
  for (const name of ["w", "Shift+l", "Mod+z", "Mod+Shift+z", "?", "[", "Alt+k", "Home", "Enter", "Space", "Shift+Delete", "5"]) assert.equal(whyReserved(name), "", name);
  assert.deepEqual(["5", "0", "Shift+5", "a"].map(beginsCode), [true, true, false, false]);
});

test("keys are shown as they are printed, and told to assistive technology", () => {
  assert.deepEqual(capsOf("Mod+Shift+z"), ["Ctrl", "Shift", "Z"]);
  assert.deepEqual(capsOf("Mod+z", true), ["⌘", "Z"]);
  assert.deepEqual([capsOf("+"), capsOf("Shift+ArrowLeft"), capsOf("Mod++")], [["+"], ["Shift", "←"], ["Ctrl", "+"]]);
  assert.deepEqual([ariaKey("Mod+Shift+z"), ariaKey("+"), ariaKey("Shift+l"), ariaKey("?")], ["Control+Shift+Z", "Plus", "Shift+L", "?"]);
});

const actions = [["play", "Space"], ["loop", "r"], ["split", "s"], ["bare", ""]].map(([id, key]) => ({ id, key, label: id, section: "" }));

test("a conflict names the other, and can be taken or swapped", () => {
  const map = new Keymap(actions);
  assert.deepEqual(map.conflicts("split", "r").map(({ id }) => id), ["loop"]);
  assert.deepEqual(map.conflicts("split", "s"), []);
  map.swap("split", "r");
  assert.deepEqual([map.keyOf("split"), map.keyOf("loop")], ["r", "s"]);
  map.take("play", "r");
  assert.deepEqual([map.keyOf("play"), map.keyOf("split"), map.own], ["r", "", { split: "", loop: "s", play: "r" }]);
  map.reset("split");
  assert.deepEqual([map.keyOf("split"), map.keyOf("loop"), map.keyOf("play")], ["s", "", "r"]);
  map.resetAll();
  assert.deepEqual([map.own, map.doubles()], [{}, []]);
});

test("only what differs is kept, and doubled keys are found", () => {
  const map = new Keymap(actions, { loop: "x" });
  map.take("loop", "r");
  assert.deepEqual(map.own, {});
  const double = new Keymap(actions, { loop: "s" });
  assert.deepEqual(double.doubles().map(([key, those]) => [key, those.map(({ id }) => id)]), [["s", ["loop", "split"]]]);
  assert.deepEqual(double.having(""), []);
});
