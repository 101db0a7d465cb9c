import assert from "node:assert/strict";
import { test } from "node:test";

import { HttpError } from "../../static/js/lib/http.js";
import { MarksList } from "../../static/js/lib/marks-list.js";

/** A server that stores versions as ours does. */
function made() {
  const server = { versions: /** @type {any[][]} */ ([]), down: false };
  const told = () => ({ revision: server.versions.length, marks: server.versions.at(-1) ?? [], revisions: server.versions.map((marks, index) => ({ number: index + 1, count: marks.length, author: "Anna", at: "" })).reverse() });
  const list = new MarksList({
    get: async (number) => (number === undefined ? { ...told(), heard: ["x"] } : { marks: server.versions[number - 1] }),
    post: async (marks, expected) => {
      if (server.down) throw new HttpError("Not reached.", { status: 0 });
      if (expected !== server.versions.length) throw new HttpError("Somebody else did.", { status: 409, code: "changed", body: told() });
      server.versions.push(structuredClone(marks));
      return told();
    },
  });
  const settled = () => new Promise((done) => setTimeout(done));
  return { server, list, settled };
}

test("every change is a version, and so is undoing it", async () => {
  const { server, list, settled } = made();
  await list.load();
  assert.deepEqual(list.heard, ["x"]);
  list.apply(["a"]);
  await settled();
  list.apply(["a", "b"]);
  await settled();
  list.undo();
  await settled();
  assert.deepEqual(server.versions, [["a"], ["a", "b"], ["a"]]);
  assert.equal(list.versions[0].number, 3);
  list.redo();
  await list.restore(1);
  await settled();
  assert.deepEqual(server.versions.at(-1), ["a"]);
  assert.equal(list.unsaved, false);
});

test("what changes while it is stored is stored next, in one version", async () => {
  const { server, list, settled } = made();
  await list.load();
  list.apply(["a"]);
  list.apply(["a", "b"]);
  list.apply(["a", "b", "c"]);
  await settled();
  await settled();
  assert.deepEqual(server.versions.at(-1), ["a", "b", "c"]);
  assert.equal(list.unsaved, false);
});

test("where somebody else stored, nothing is lost and the person decides", async () => {
  const { server, list, settled } = made();
  await list.load();
  server.versions.push(["theirs"]);
  list.apply(["mine"]);
  await settled();
  assert.equal(list.saver.state, "changed");
  assert.deepEqual(list.marks, ["mine"]);
  assert.deepEqual(list.theirs.marks, ["theirs"]);
  await list.saver.overwrite();
  assert.deepEqual(server.versions, [["theirs"], ["mine"]]);
  assert.equal(list.theirs, null);

  server.versions.push(["again theirs"]);
  list.apply(["mine 2"]);
  await settled();
  list.takeTheirs();
  assert.deepEqual([list.marks, list.unsaved, list.canUndo], [["again theirs"], false, false]);
  list.apply(["next"]);
  await settled();
  assert.deepEqual(server.versions.at(-1), ["next"]);
});

test("without a connection the list stays on the page, and goes when there is one", async () => {
  const { server, list, settled } = made();
  await list.load();
  server.down = true;
  list.apply(["a"]);
  await settled();
  assert.equal(list.saver.state, "waiting");
  server.down = false;
  await list.saver.save();
  assert.deepEqual(server.versions, [["a"]]);
});

test("which face a speaker is goes with the list: stored, undone, brought back", async () => {
  const sent = /** @type {any[]} */ ([]);
  const list = new MarksList({
    get: async (number) => (number === undefined ? { revision: 1, marks: ["a"], faces: { Anna: 0 }, revisions: [], asked: { written: {} } } : { marks: ["b"], faces: { Ben: 1 } }),
    post: async (marks, expected, faces) => {
      sent.push(structuredClone([marks, faces]));
      return { revision: expected + 1, marks, faces, revisions: [] };
    },
  });
  const settled = () => new Promise((done) => setTimeout(done));
  await list.load();
  list.apply(list.marks, { Anna: 0, Ben: "nobody" });
  await settled();
  list.apply(["a", "c"]);
  await settled();
  list.undo();
  await settled();
  list.undo();
  await settled();
  await list.restore(1);
  await settled();
  const both = { Anna: 0, Ben: "nobody" };
  assert.deepEqual(sent, [[["a"], both], [["a", "c"], both], [["a"], both], [["a"], { Anna: 0 }], [["b"], { Ben: 1 }]]);
});
