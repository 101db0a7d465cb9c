import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = /** @type {any} */ ({ addEventListener() {}, removeEventListener() {} });
const { cellWidth, step } = await import("../../static/js/components/together-heat.js");

test("a share has the colour of the last edge that it reaches", () => {
  assert.deepEqual([0, 0.049, 0.05, 0.5, 0.8, 1].map((share) => step(share, [0.05, 0.2, 0.4, 0.6, 0.8])), [0, 0, 1, 3, 5, 5]);
});

test("cells fill the room, and are never too narrow to press", () => {
  assert.equal(cellWidth(360, 10), 32);
  assert.equal(cellWidth(360, 30), 24, "the box scrolls");
  assert.equal(cellWidth(1200, 3), 38, "three cells are no wall");
});
