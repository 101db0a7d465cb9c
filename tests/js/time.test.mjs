import assert from "node:assert/strict";
import { test } from "node:test";

import { formatDuration, formatTime, parseTime, relativeTime } from "../../static/js/lib/time.js";

test("a media time is written with hours, minutes, seconds and thousandths", () => {
  assert.equal(formatTime(0), "00:00:00.000");
  assert.equal(formatTime(192_480_000), "00:03:12.480");
  assert.equal(formatTime(7_199_999_000), "01:59:59.999");
  assert.equal(formatTime(-40_000), "−00:00:00.040");
});

test("rounding to the millisecond carries through seconds, minutes and hours", () => {
  assert.equal(formatTime(3_599_999_600), "01:00:00.000");
  assert.equal(formatTime(59_999_499), "00:00:59.999");
  assert.equal(formatTime(-400), "00:00:00.000");
});

test("without thousandths the time is rounded down, as a clock does", () => {
  assert.equal(formatTime(59_999_999, { millis: false }), "00:00:59");
});

test("an absent time is an en dash, never zero", () => {
  for (const absent of [NaN, undefined, Infinity]) assert.equal(formatTime(absent), "–");
  assert.equal(formatDuration(NaN), "–");
});

test("what is written can be read again, to the millisecond, over two hours of 30 frames/s video", () => {
  for (let frame = 0; frame < 216_000; frame += 997) {
    const us = Math.round((frame * 1_000_000) / 29.97);
    assert.ok(Math.abs(parseTime(formatTime(us)) - us) <= 500, `frame ${frame}`);
  }
});

test("a person may type a time in short", () => {
  assert.equal(parseTime("12.5"), 12_500_000);
  assert.equal(parseTime(" 3:12.48 "), 192_480_000);
  assert.equal(parseTime("3:12,48"), 192_480_000);
  assert.equal(parseTime("1:00:00"), 3_600_000_000);
  assert.equal(parseTime("90"), 90_000_000);
  assert.equal(parseTime("0.0000004"), 0);
});

test("what is not a time is NaN", () => {
  for (const text of ["", "abc", "1:2:3:4", "3:72", "1:61:00", "-5", "1.2.3", "12:", "99999999999999"]) {
    assert.ok(Number.isNaN(parseTime(text)), text);
  }
});

test("durations read like a sentence", () => {
  assert.equal(formatDuration(480_000), "480 ms");
  assert.equal(formatDuration(12_500_000), "12.5 s");
  assert.equal(formatDuration(59_970_000), "1 min");
  assert.equal(formatDuration(192_000_000), "3 min 12 s");
  assert.equal(formatDuration(3_840_000_000), "1 h 4 min");
});

test("how long ago", () => {
  const now = new Date("2026-05-12T12:00:00Z");
  const ago = (seconds) => relativeTime(new Date(now.getTime() - seconds * 1000), now);
  assert.equal(ago(10), "just now");
  assert.equal(ago(50), "1 minute ago");
  assert.equal(ago(14 * 60 + 30), "14 minutes ago");
  assert.equal(ago(26 * 3600), "yesterday");
  assert.equal(ago(-3 * 3600), "in 3 hours");
});
