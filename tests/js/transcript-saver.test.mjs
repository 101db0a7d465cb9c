import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { HttpError } from "../../static/js/lib/http.js";
import { IDLE_MS, LONGEST_MS, Saver } from "../../static/js/lib/transcript-saver.js";

function made({ why = () => "" } = {}) {
  const clock = { now: 0 };
  const server = { revision: 1, sent: /** @type {any[]} */ ([]), fail: /** @type {any} */ (null), wait: Promise.resolve() };
  const page = { rows: ["a"] };
  const saver = new Saver({
    revision: 1, rows: () => page.rows.slice(), why, now: () => clock.now,
    send: async (rows, expected, pause) => {
      await server.wait;
      if (server.fail) throw server.fail;
      server.sent.push({ rows, expected, pause });
      server.revision += 1;
      return { revision: server.revision };
    },
  });
  return { clock, server, page, saver };
}

test("nothing is sent where nothing changed", async () => {
  const { saver, server } = made();
  assert.equal(await saver.save(), true);
  assert.deepEqual(server.sent, []);
});

test("a change is stored on the revision that it was made on, and the next on that", async () => {
  const { saver, server } = made();
  saver.touch();
  assert.equal(saver.state, "unsaved");
  assert.equal(await saver.save(), true);
  saver.touch();
  await saver.save();
  assert.deepEqual(server.sent.map(({ expected, pause }) => [expected, pause]), [[1, false], [2, false]]);
  assert.equal(saver.state, "saved");
});

test("a pause stores by itself; who never pauses is stored after the longest time", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { saver, server, clock } = made();
  const pass = async (/** @type {number} */ ms) => {
    clock.now += ms;
    context.mock.timers.tick(ms);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  saver.touch();
  await pass(IDLE_MS - 1);
  assert.equal(server.sent.length, 0);
  await pass(1);
  assert.deepEqual(server.sent.map(({ pause }) => pause), [true]);
  for (let at = 0; at < LONGEST_MS; at += 5000) {
    saver.touch();
    await pass(5000);
  }
  assert.equal(server.sent.length, 2);
});

test("what is typed while it is being stored is not taken for stored", async () => {
  const { saver, server } = made();
  let go = () => {};
  server.wait = new Promise((resolve) => { go = resolve; });
  saver.touch();
  const saving = saver.save();
  saver.touch();
  go();
  assert.equal(await saving, false);
  assert.equal(saver.unsaved, true);
  assert.equal(await saver.save(), true);
});

test("what cannot be stored says why and is sent nowhere", async () => {
  let fault = "Unit 1: It ends before it starts.";
  const { saver, server } = made({ why: () => fault });
  saver.touch();
  assert.equal(await saver.save(), false);
  assert.deepEqual([saver.state, saver.message, server.sent.length], ["invalid", fault, 0]);
  fault = "";
  saver.touch();
  assert.equal(await saver.save(), true);
});

test("a server that is gone is asked again", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { saver, server } = made();
  server.fail = new HttpError("The server cannot be reached.", { status: 0 });
  saver.touch();
  assert.equal(await saver.save(), false);
  assert.equal(saver.state, "waiting");
  server.fail = null;
  context.mock.timers.tick(3000);
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  assert.equal(saver.state, "saved");
});

test("where somebody else saved, the person decides", async () => {
  const { saver, server } = made();
  server.fail = new HttpError("Ana saved meanwhile.", { status: 409, code: "changed", body: { revision: 7 } });
  saver.touch();
  assert.equal(await saver.save(), false);
  assert.equal(saver.state, "changed");
  server.fail = null;
  saver.touch();
  assert.equal(await saver.save(), false, "nothing is sent by itself");
  assert.equal(await saver.overwrite(), true);
  assert.equal(server.sent[0].expected, 7);
});

test("signed out, refused and malformed are told apart", async () => {
  for (const [status, state] of [[401, "signed-out"], [422, "invalid"], [403, "refused"]]) {
    const { saver, server } = made();
    server.fail = new HttpError("x", { status, body: { problems: [] } });
    saver.touch();
    await saver.save();
    assert.equal(saver.state, state);
  }
});

mock.reset();
