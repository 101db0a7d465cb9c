import assert from "node:assert/strict";
import { test } from "node:test";

import { around, clamp, follow, MIN_SPAN_US, pan, reveal, span, ticks, toUs, toX, zoom } from "../../static/js/lib/time-window.js";

const HOUR = 3_600_000_000;
const WINDOW = { fromUs: 10_000_000, toUs: 20_000_000 };

test("a time and its place on the screen are the same thing", () => {
  assert.equal(toX(WINDOW, 15_000_000, 800), 400);
  assert.equal(toUs(WINDOW, 400, 800), 15_000_000);
  for (const us of [10_000_000, 13_333_333, 20_000_000]) assert.ok(Math.abs(toUs(WINDOW, toX(WINDOW, us, 937), 937) - us) <= 1);
});

test("zooming keeps the anchor in its place", () => {
  const closer = zoom(WINDOW, 0.5, 12_000_000, HOUR);
  assert.equal(span(closer), 5_000_000);
  assert.equal(toX(closer, 12_000_000, 1000), toX(WINDOW, 12_000_000, 1000));
});

test("zooming ends at the shortest span and at the whole recording", () => {
  assert.equal(span(zoom(WINDOW, 1e-9, 15_000_000, HOUR)), MIN_SPAN_US);
  assert.deepEqual(zoom(WINDOW, 1e9, 15_000_000, HOUR), { fromUs: 0, toUs: HOUR });
});

test("a window never leaves the recording", () => {
  assert.deepEqual(pan(WINDOW, -HOUR, HOUR), { fromUs: 0, toUs: 10_000_000 });
  assert.deepEqual(pan(WINDOW, HOUR, HOUR), { fromUs: HOUR - 10_000_000, toUs: HOUR });
  assert.deepEqual(clamp({ fromUs: -5, toUs: 90_000 }, 100_000), { fromUs: 0, toUs: 100_000 });
});

test("the page turns when the playhead leaves, and only then", () => {
  assert.equal(follow(WINDOW, 12_000_000, HOUR), WINDOW);
  assert.deepEqual(follow(WINDOW, 19_900_000, HOUR), { fromUs: 18_900_000, toUs: 28_900_000 });
  assert.deepEqual(follow(WINDOW, 5_000_000, HOUR), { fromUs: 4_000_000, toUs: 14_000_000 });
  const end = { fromUs: HOUR - 10_000_000, toUs: HOUR };
  assert.equal(follow(end, HOUR - 1, HOUR), end);
});

test("an event comes into view without a jump when it is in view already", () => {
  assert.equal(reveal(WINDOW, { onset_us: 11_000_000, offset_us: 12_000_000 }, HOUR), WINDOW);
  const moved = reveal(WINDOW, { onset_us: 50_000_000, offset_us: 51_000_000 }, HOUR);
  assert.equal(span(moved), span(WINDOW));
  assert.equal((moved.fromUs + moved.toUs) / 2, 50_500_000);
  const wide = { onset_us: 0, offset_us: 60_000_000 };
  assert.ok(reveal(WINDOW, wide, HOUR).toUs >= 60_000_000);
  assert.deepEqual(around({ onset_us: 1_000_000, offset_us: 2_000_000 }, HOUR), { fromUs: 0, toUs: 3_000_000 });
});

test("a ruler has round marks that do not crowd", () => {
  const marks = ticks({ fromUs: 0, toUs: 60_000_000 }, 900);
  assert.deepEqual(marks.slice(0, 3), [{ us: 0, label: "0:00" }, { us: 10_000_000, label: "0:10" }, { us: 20_000_000, label: "0:20" }]);
  assert.equal(ticks({ fromUs: HOUR, toUs: HOUR + 100_000 }, 900)[1].label, "1:00:00.01");
  for (const width of [200, 375, 900, 1800]) {
    for (let length = MIN_SPAN_US; length < 4 * HOUR; length *= 3) {
      const found = ticks({ fromUs: 123_456, toUs: 123_456 + length }, width);
      assert.ok(found.length <= width / 80 + 1, `${found.length} marks on ${width} px`);
      assert.equal(new Set(found.map((mark) => mark.label)).size, found.length, "labels differ");
    }
  }
});
