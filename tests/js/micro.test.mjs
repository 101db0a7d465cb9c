import assert from "node:assert/strict";
import { test } from "node:test";

import { Catalogue } from "../../static/js/lib/facs.js";
import { isMicro } from "../../static/js/lib/micro.js";

const catalogue = new Catalogue([{ code: "12", micro: true }, { code: "45", micro: false }]);
const micro = { longestUs: 500_000, caution: "", faces: [0] };
const event = { code: "12", face: 0, onset_us: 1_000_000, offset_us: 1_500_000 };

test("half a second at most, of the face's codes, where frames are fast enough, while it stands", () => {
  assert.equal(isMicro(micro, catalogue, event), true);
  assert.equal(isMicro(micro, catalogue, { ...event, offset_us: 1_500_001 }), false);
  assert.equal(isMicro(micro, catalogue, { ...event, code: "45" }), false);
  assert.equal(isMicro(micro, catalogue, { ...event, face: 1 }), false);
  assert.equal(isMicro(micro, catalogue, { ...event, deleted: true }), false);
});
