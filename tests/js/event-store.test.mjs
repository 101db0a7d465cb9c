import assert from "node:assert/strict";
import { test } from "node:test";

import { EventStore } from "../../static/js/lib/event-store.js";
import { HttpError } from "../../static/js/lib/http.js";

const SMILE = { code: "12", side: "both", intensity: "C", onset_us: 0, apex_us: 10, offset_us: 20, face: 0, note: "" };
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

/** The rules of coding/services.py in a few lines: append-only revisions, expected numbers, repeated requests. */
class Server {
  revisions = new Map([["e1", [{ ...SMILE, id: "e1", source: "m1", number: 1, action: "propose", standing: "proposed", author: null, at: "", deleted: false, confidence: 0.8 }]]]);
  revision = 0;
  requests = new Map();
  /** @type {(Error | null)[]} thrown by the next requests */ trouble = [];
  loseAnswer = false;

  latest(id) { return this.revisions.get(id)?.at(-1); }

  #write(id, content, body) {
    const event = { ...content, id, number: (this.latest(id)?.number ?? 0) + 1, author: "Me", at: "now" };
    if (!this.revisions.has(id)) this.revisions.set(id, []);
    this.revisions.get(id).push(event);
    this.revision += 1;
    const answer = { event, layer_revision: this.revision, warnings: [] };
    this.requests.set(body.request_id, answer);
    return answer;
  }

  async #asked(body, write) {
    const trouble = this.trouble.shift();
    if (trouble) throw trouble;
    const answer = this.requests.get(body.request_id) ?? write();
    if (this.loseAnswer) { this.loseAnswer = false; throw new HttpError("gone"); }
    return structuredClone(answer);
  }

  create = (body) => this.#asked(body, () => this.#write(body.event_id, { ...body.content, source: null, standing: "added", action: "create", deleted: false, confidence: null }, body));

  change = (id, body) => this.#asked(body, () => {
    const latest = this.latest(id);
    if (body.expected !== latest.number) throw new HttpError("changed elsewhere", { status: 409, code: "conflict" });
    if (body.action === "change") return this.#write(id, { ...latest, ...body.content, action: "change", standing: "changed" }, body);
    if (body.action === "accept") return this.#write(id, { ...latest, action: "accept", standing: "accepted" }, body);
    if (body.action === "delete") return this.#write(id, { ...latest, action: "delete", deleted: true }, body);
    return this.#write(id, { ...this.revisions.get(id)[body.to - 1], action: "restore" }, body);
  });

  load = async () => ({ revision: this.revision, state: "open", events: [...this.revisions.keys()].map((id) => structuredClone(this.latest(id))) });
}

async function make() {
  const server = new Server();
  let count = 0;
  const store = new EventStore(server, { newId: () => `id-${count += 1}` });
  const refused = [];
  store.addEventListener("refused", (event) => refused.push(event.detail.error.code));
  await store.reload();
  return { server, store, refused };
}

const numbers = (server, id) => server.revisions.get(id).map((revision) => revision.action);

test("a change shows at once and is saved behind it", async () => {
  const { server, store } = await make();
  store.change("e1", { intensity: "D" });
  assert.equal(store.events.get("e1").intensity, "D");
  assert.equal(store.unsaved, 1);
  await settle();
  assert.equal(store.unsaved, 0);
  assert.equal(server.latest("e1").intensity, "D");
  assert.equal(store.events.get("e1").author, "Me");
});

test("undo and redo are revisions, back to the very beginning", async () => {
  const { server, store } = await make();
  store.change("e1", { intensity: "D" });
  store.accept("e1");
  store.change("e1", { side: "left" });
  store.remove("e1");
  while (store.canUndo) store.undo();
  assert.deepEqual([store.events.get("e1").intensity, store.events.get("e1").standing], ["C", "proposed"]);
  await settle();
  assert.deepEqual(numbers(server, "e1"), ["propose", "change", "change", "delete", "restore", "restore", "restore"]);
  assert.equal(server.latest("e1").intensity, "C");
  while (store.canRedo) store.redo();
  await settle();
  assert.equal(server.latest("e1").deleted, true);
  store.undo();
  await settle();
  assert.deepEqual([server.latest("e1").side, server.latest("e1").deleted], ["left", false]);
});

test("adding is undone by deleting and redone by restoring", async () => {
  const { server, store } = await make();
  const { id } = store.create(SMILE);
  store.undo();
  store.redo();
  await settle();
  assert.deepEqual(numbers(server, id), ["create", "delete", "restore"]);
  assert.equal(store.events.get(id).deleted, false);
});

test("a deleted event comes back as it was, also before the deletion is saved", async () => {
  const { server, store } = await make();
  store.change("e1", { intensity: "A" });
  store.remove("e1");
  store.revive("e1");
  await settle();
  assert.deepEqual([server.latest("e1").intensity, server.latest("e1").deleted], ["A", false]);
  store.undo();
  await settle();
  assert.equal(server.latest("e1").deleted, true);
});

test("a series of nudges is one change", async () => {
  const { server, store } = await make();
  for (let onset = 1; onset <= 8; onset += 1) store.change("e1", { onset_us: onset }, { merge: true });
  assert.equal(store.events.get("e1").onset_us, 8);
  assert.equal(store.unsaved, 1);
  store.flush();
  await settle();
  assert.deepEqual(numbers(server, "e1"), ["propose", "change"]);
  assert.equal(server.latest("e1").onset_us, 8);
  store.undo();
  await settle();
  assert.equal(server.latest("e1").onset_us, 0);
});

test("an answer that got lost is asked for again and written once", async () => {
  const { server, store } = await make();
  server.loseAnswer = true;
  store.change("e1", { intensity: "A" });
  await settle();
  assert.equal(store.queue.state, "offline");
  assert.equal(store.unsaved, 1);
  store.queue.retry();
  await settle();
  assert.equal(store.unsaved, 0);
  assert.deepEqual(numbers(server, "e1"), ["propose", "change"]);
  assert.equal(store.events.get("e1").number, 2);
});

test("changes wait, in order, while the server cannot be reached or nobody is signed in", async () => {
  const { server, store } = await make();
  server.trouble = [new HttpError("no", { status: 503 }), new HttpError("out", { status: 401 })];
  store.change("e1", { intensity: "A" });
  store.change("e1", { side: "right" });
  await settle();
  assert.equal(store.queue.state, "offline");
  store.queue.retry();
  await settle();
  assert.equal(store.queue.state, "signed-out");
  assert.equal(store.unsaved, 2);
  store.queue.retry();
  await settle();
  assert.deepEqual([server.latest("e1").intensity, server.latest("e1").side, server.latest("e1").number], ["A", "right", 3]);
});

test("a conflict keeps the other tab's work, drops ours with everything built on it, and says so", async () => {
  const { server, store, refused } = await make();
  await server.change("e1", { action: "change", content: { intensity: "E" }, expected: 1, request_id: "other" });
  store.change("e1", { intensity: "A" });
  store.change("e1", { side: "left" });
  await settle();
  await settle();
  assert.deepEqual(refused, ["conflict"]);
  assert.equal(server.latest("e1").number, 2);
  assert.deepEqual([store.events.get("e1").intensity, store.events.get("e1").side], ["E", "both"]);
  assert.equal(store.canUndo, false);
  store.change("e1", { intensity: "B" });
  await settle();
  assert.equal(server.latest("e1").intensity, "B");
});

test("another tab's change of another event is taken over", async () => {
  const { server, store } = await make();
  store.create(SMILE);
  await settle();
  const [added] = [...server.revisions.keys()].filter((id) => id !== "e1");
  await server.change("e1", { action: "change", content: { intensity: "E" }, expected: 1, request_id: "other" });
  store.change(added, { intensity: "A" });
  await settle();
  await settle();
  assert.equal(store.events.get("e1").intensity, "E");
  assert.equal(store.canUndo, true, "our own event can still be undone");
});

test("what changes nothing writes nothing", async () => {
  const { server, store } = await make();
  store.change("e1", { intensity: "C", side: "both" });
  store.accept("e1");
  store.accept("e1");
  store.remove("e1");
  store.remove("e1");
  store.change("e1", { intensity: "A" });
  await settle();
  assert.deepEqual(numbers(server, "e1"), ["propose", "accept", "delete"]);
});

test("a series that ends where it began writes nothing and cannot be undone", async () => {
  const { server, store } = await make();
  store.change("e1", { onset_us: 1 }, { merge: true });
  store.change("e1", { onset_us: 0 }, { merge: true });
  store.flush();
  await settle();
  assert.deepEqual([numbers(server, "e1"), store.unsaved, store.canUndo], [["propose"], 0, false]);
  assert.deepEqual([store.events.get("e1").onset_us, store.events.get("e1").standing], [0, "proposed"]);
});

test("what was changed while the page catches up stays on the screen and can be changed again", async () => {
  const { server, store, refused } = await make();
  store.create(SMILE);
  await settle();
  const [added] = [...server.revisions.keys()].filter((id) => id !== "e1");
  const { load, change } = server;
  server.load = async () => { const answer = await load(); await new Promise((resolve) => setTimeout(resolve, 30)); return answer; };
  await server.change("e1", { action: "change", content: { intensity: "E" }, expected: 1, request_id: "other" });
  store.change(added, { intensity: "A" }); // its answer shows that another tab wrote, and the page asks what
  await settle();
  server.change = async (id, body) => { await new Promise((resolve) => setTimeout(resolve, 50)); return change(id, body); };
  store.change(added, { side: "left" }); // still on its way when the answer of before comes
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.equal(store.events.get(added).side, "left");
  await new Promise((resolve) => setTimeout(resolve, 80));
  server.change = change;
  store.change(added, { intensity: "B" });
  await settle();
  assert.deepEqual(refused, []);
  assert.deepEqual([server.latest(added).side, server.latest(added).intensity, store.events.get("e1").intensity], ["left", "B", "E"]);
});
