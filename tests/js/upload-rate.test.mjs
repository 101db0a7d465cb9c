import assert from "node:assert/strict";
import { test } from "node:test";

import { Rate, formatBytes, formatLeft } from "../../static/js/pages/upload-rate.js";

/** A rate whose clock the test moves. */
function rateAt() {
  const clock = { ms: 0 };
  return { clock, rate: new Rate(() => clock.ms) };
}

test("a steady stream has its own speed", () => {
  const { clock, rate } = rateAt();
  for (let second = 0; second <= 10; second += 1) {
    clock.ms = second * 1000;
    rate.add(second * 2_000_000);
  }
  assert.ok(Math.abs(rate.perSecond - 2_000_000) < 1);
  assert.ok(Math.abs(rate.secondsFor(20_000_000) - 10) < 0.01);
});

test("a burst changes the speed a little at a time", () => {
  const { clock, rate } = rateAt();
  for (const [ms, bytes] of [[0, 0], [1000, 1000], [2000, 11_000]]) {
    clock.ms = ms;
    rate.add(bytes);
  }
  assert.ok(rate.perSecond > 1000 && rate.perSecond < 5000, String(rate.perSecond));
});

test("nothing is claimed before it is known, and nothing after a pause", () => {
  const { clock, rate } = rateAt();
  rate.add(5000);
  assert.ok(Number.isNaN(rate.perSecond));
  assert.equal(formatLeft(rate.secondsFor(100)), "");
  clock.ms = 1000;
  rate.add(6000);
  assert.equal(rate.perSecond, 1000);
  rate.reset();
  assert.ok(Number.isNaN(rate.perSecond));
});

test("a piece that is sent again does not make the speed negative", () => {
  const { clock, rate } = rateAt();
  for (const [ms, bytes] of [[0, 0], [1000, 8000], [2000, 4000], [3000, 8000]]) {
    clock.ms = ms;
    rate.add(bytes);
    assert.ok(!(rate.perSecond < 0));
  }
});

test("sizes are written as the server writes them", () => {
  assert.equal(formatBytes(0), "0 bytes");
  assert.equal(formatBytes(1023), "1023 bytes");
  assert.equal(formatBytes(1536), "1.5 KB");
  assert.equal(formatBytes(4 * 1024 ** 3), "4.0 GB");
});

test("the time left is in words and never shows 60 seconds", () => {
  assert.equal(formatLeft(0.2), "1 s left");
  assert.equal(formatLeft(59), "59 s left");
  assert.equal(formatLeft(80), "1 min 20 s left");
  assert.equal(formatLeft(119), "2 min left");
  assert.equal(formatLeft(3600 * 2 + 60 * 5), "2 h 5 min left");
  assert.equal(formatLeft(3600 * 2 - 10), "2 h left");
  assert.equal(formatLeft(Infinity), "");
});
