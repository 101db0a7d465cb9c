import assert from "node:assert/strict";
import { test } from "node:test";
import { GIVE_UP_MS, Pace, packPicture, readAnswer } from "../../static/js/lib/live-wire.js";

test("a picture has its number and its time before it", () => {
  const message = packPicture(7, 1_234_567.4, new Uint8Array([255, 216, 255]).buffer);
  const head = new DataView(message);
  assert.deepEqual([head.getUint32(0, true), head.getUint32(4, true), head.getBigUint64(8, true)], [1, 7, 1_234_567n]);
  assert.deepEqual([...new Uint8Array(message, 16)], [255, 216, 255]);
});

test("an answer is words and points in pixels", () => {
  const words = new TextEncoder().encode('{"n":3,"aus":{"12":[1.5,null,1.5]}} ');
  const message = new Uint8Array(4 + words.length + 4);
  new DataView(message.buffer).setUint32(0, words.length, true);
  message.set(words, 4);
  new Int16Array(message.buffer, 4 + words.length).set([12, -8]);
  const { said, points } = readAnswer(message.buffer);
  assert.deepEqual(said.aus, { 12: [1.5, null, 1.5] });
  assert.deepEqual([...points], [1.5, -1]);
  assert.equal(readAnswer(message.buffer.slice(0, 4 + words.length)).points, null);
});

test("never more than a few wait, and what gets no answer is given up and counted", () => {
  const pace = new Pace(2);
  pace.sent(1, 0);
  pace.sent(2, 10);
  assert.equal(pace.mayTake(20), false);
  pace.heldBack(20);
  assert.equal(pace.answered(2, 60), true); // the first was passed over
  assert.equal(pace.mayTake(60), true);
  assert.equal(pace.answered(1, 70), false);
  assert.deepEqual(pace.figures(100), { p50: 50, p95: 50, rate: 1, lost: 2 });
  pace.sent(3, 100);
  pace.sent(4, 100);
  assert.equal(pace.mayTake(100 + GIVE_UP_MS + 1), true);
  assert.equal(pace.figures(100 + GIVE_UP_MS + 1).lost, 4);
});

test("what the worker passes over makes room at once", () => {
  const pace = new Pace(2);
  pace.sent(1, 0);
  pace.sent(2, 10);
  pace.passed(2, 20);
  assert.equal(pace.mayTake(20), true);
  assert.equal(pace.answered(2, 30), false);
  pace.sent(3, 40);
  pace.passed(2, 50); // told late, of one that nobody waits for
  assert.equal(pace.answered(3, 60), true);
  assert.equal(pace.figures(60).lost, 2);
});

test("figures are of the last ten seconds, and absent without answers", () => {
  const pace = new Pace(2);
  assert.equal(pace.figures(0), null);
  for (let number = 1; number <= 100; number += 1) {
    pace.sent(number, 100 * number);
    pace.answered(number, 100 * number + number);
  }
  const found = pace.figures(10_100);
  assert.equal(found.p50, 51);
  assert.equal(found.p95, 96);
  assert.ok(Math.abs(found.rate - 10) < 0.2);
  assert.equal(pace.figures(30_000), null);
  pace.sent(101, 30_000);
  pace.cut(30_001);
  assert.equal(pace.mayTake(30_002), true);
});
