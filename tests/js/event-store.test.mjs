import assert from "node:assert/strict";
import { test } from "node:test";

import { tryAgain } from "../../static/js/components/not-stored.js";
import { EventStore } from "../../static/js/lib/event-store.js";
import { HttpError } from "../../static/js/lib/http.js";

const SMILE = { code: "12", side: "both", intensity: "C", onset_us: 0, apex_us: 10, offset_us: 20, face: 0, note: "" };
/** Many short waits: on a busy machine one long timer would be over before the short ones that it is to outlast. */
const settle = async () => { for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1)); };

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
    return answer;
  }

  #one(change, requestId) {
    const { event_id: id, action, content, expected, to } = change;
    const latest = this.latest(id);
    const body = { request_id: requestId };
    if (action === "create") return this.#write(id, { ...content, source: null, standing: "added", action, deleted: false, confidence: null }, body);
    if (expected !== latest.number) throw new HttpError("changed elsewhere", { status: 409, code: "conflict", body: { event: structuredClone(latest) } });
    if (action === "change") return this.#write(id, { ...latest, ...content, action, standing: latest.standing === "added" ? "added" : "changed" }, body);
    if (action === "accept") return this.#write(id, { ...latest, action, standing: "accepted" }, body);
    if (action === "delete") return this.#write(id, { ...latest, action, deleted: true }, body);
    return this.#write(id, { ...this.revisions.get(id)[to - 1], action }, body);
  }

  send = async ({ request_id: requestId, changes }) => {
    const trouble = this.trouble.shift();
    if (trouble) throw trouble;
    if (!this.requests.has(requestId)) {
      const before = structuredClone([this.revisions, this.revision]);
      try {
        const events = changes.map((change) => this.#one(change, requestId).event);
        this.requests.set(requestId, { events, layer_revision: this.revision });
      } catch (error) {
        [this.revisions, this.revision] = before;
        throw error;
      }
    }
    if (this.loseAnswer) { this.loseAnswer = false; throw new HttpError("gone"); }
    return structuredClone(this.requests.get(requestId));
  };

  /** What another window of the same person does. */
  elsewhere(id, action, content, expected) {
    return this.send({ request_id: `other-${this.revision}`, changes: [{ action, event_id: id, content, expected }] });
  }

  load = async () => ({ revision: this.revision, state: "open", events: structuredClone([...this.revisions.keys()].map((id) => this.latest(id))) });
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
  await server.elsewhere("e1", "change", { intensity: "E" }, 1);
  store.change("e1", { intensity: "A" });
  store.change("e1", { side: "left" });
  await settle();
  await settle();
  assert.deepEqual(refused, ["conflict", "follows"]);
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
  await server.elsewhere("e1", "change", { intensity: "E" }, 1);
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
  const { load, send } = server;
  server.load = async () => { const answer = await load(); await new Promise((resolve) => setTimeout(resolve, 30)); return answer; };
  await server.elsewhere("e1", "change", { intensity: "E" }, 1);
  store.change(added, { intensity: "A" }); // its answer shows that another tab wrote, and the page asks what
  await settle();
  server.send = async (body) => { await new Promise((resolve) => setTimeout(resolve, 50)); return send(body); };
  store.change(added, { side: "left" }); // still on its way when the answer of before comes
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.equal(store.events.get(added).side, "left");
  await new Promise((resolve) => setTimeout(resolve, 80));
  server.send = send;
  store.change(added, { intensity: "B" });
  await settle();
  assert.deepEqual(refused, []);
  assert.deepEqual([server.latest(added).side, server.latest(added).intensity, store.events.get("e1").intensity], ["left", "B", "E"]);
});

test("changes made together are one request, one step of undo and one of redo", async () => {
  const { server, store } = await make();
  const sent = [];
  const { send } = server;
  server.send = (body) => { sent.push(body.changes.length); return send(body); };
  const half = store.together(() => {
    store.change("e1", { offset_us: 10 });
    store.change("e1", { note: "first half" });
    return store.create({ ...SMILE, onset_us: 10 });
  });
  await settle();
  assert.deepEqual(sent, [3]);
  assert.deepEqual(numbers(server, "e1"), ["propose", "change", "change"]);
  assert.deepEqual([server.latest("e1").offset_us, server.latest(half.id).onset_us], [10, 10]);
  store.undo();
  assert.deepEqual([store.events.get("e1").offset_us, store.events.get("e1").note, store.events.get(half.id).deleted], [20, "", true]);
  assert.equal(store.canUndo, false);
  store.redo();
  await settle();
  assert.deepEqual(sent, [3, 2, 2]);
  assert.deepEqual([server.latest("e1").offset_us, server.latest("e1").note, server.latest(half.id).deleted], [10, "first half", false]);
  store.undo();
  await settle();
  assert.deepEqual([server.latest("e1").offset_us, server.latest("e1").standing, server.latest(half.id).deleted], [20, "proposed", true]);
});

test("a conflict in one of them refuses all and nothing of them stays on the screen", async () => {
  const { server, store, refused } = await make();
  await server.elsewhere("e1", "change", { intensity: "E" }, 1);
  const { id } = store.together(() => {
    const added = store.create(SMILE);
    store.change("e1", { intensity: "A" });
    return added;
  });
  await settle();
  assert.deepEqual(refused, ["conflict"]);
  assert.deepEqual([store.events.has(id), store.events.get("e1").intensity, store.canUndo], [false, "E", false]);
  assert.equal(store.queue.refused[0].changes.length, 2);
});

test("what fails half-way through was never done", async () => {
  const { server, store } = await make();
  assert.throws(() => store.together(() => {
    store.change("e1", { intensity: "A" });
    throw new RangeError("no");
  }), RangeError);
  await settle();
  assert.deepEqual([store.events.get("e1").intensity, store.unsaved, store.canUndo, numbers(server, "e1")], ["C", 0, false, ["propose"]]);
});

test("one together inside of another is part of it", async () => {
  const { store } = await make();
  store.together(() => {
    store.remove("e1");
    store.together(() => store.create(SMILE));
  });
  store.undo();
  await settle();
  assert.equal(store.standing().length, 1);
  assert.equal(store.canUndo, false);
});

test("tried again, an event that was not stored comes once, with what was made on top of it", async () => {
  const { server, store } = await make();
  server.trouble.push(new HttpError("closed", { status: 409, code: "closed" }));
  const { id } = store.create(SMILE);
  store.change(id, { intensity: "E" });
  store.remove("e1");
  await settle();
  assert.deepEqual(store.queue.refused.map(({ changes }) => changes[0].action), ["create", "change"]);
  for (const edit of [...store.queue.refused]) {
    tryAgain(store, edit);
    store.queue.dismiss(edit.id);
  }
  await settle();
  assert.deepEqual(store.standing().map((event) => [event.id, event.intensity]), [[id, "E"]]);
  assert.deepEqual([server.revisions.size, server.latest(id).intensity, store.queue.refused.length], [2, "E", 0]);
});

test("tried again, the deletion of an event that was never stored adds nothing", async () => {
  const { server, store } = await make();
  server.trouble.push(new HttpError("closed", { status: 409, code: "closed" }));
  const { id } = store.create(SMILE);
  store.remove(id);
  await settle();
  tryAgain(store, store.queue.refused[1]);
  await settle();
  assert.deepEqual([store.standing().map((event) => event.id), server.revisions.size], [["e1"], 1]);
});
