import assert from "node:assert/strict";
import { test } from "node:test";

import { path } from "../../static/js/lib/spark.js";

test("a gap in a curve stays a gap", () => {
  const drawn = path([0, 1, 2, 3, 4], [1, 2, null, 4, 5], (us) => us, (value) => value);
  assert.equal(drawn, "M0.0 1.0L1.0 2.0M3.0 4.0L4.0 5.0");
});
