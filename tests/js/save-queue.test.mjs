import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { HttpError } from "../../static/js/lib/http.js";
import { SaveQueue } from "../../static/js/lib/save-queue.js";

/** Many short waits: on a busy machine one long timer would be over before the short ones that it is to outlast. */
const settle = async (ms = 150) => { for (let left = ms; left > 0; left -= 2) await new Promise((resolve) => setTimeout(resolve, 2)); };
/** @type {BroadcastChannel[]} */ const channels = [];
afterEach(() => { for (const channel of channels.splice(0)) channel.close(); });

/** What outlives a page: one computer's disk, its locks, and the server. */
class Computer {
  disk = new Map();
  /** @type {string[]} */ sent = [];
  seen = new Set();
  down = false;
  /** @type {Record<string, any>} */ refuses = {};
  full = false;
  #last = Promise.resolve();
  name = `test-${Math.random()}`;

  shelf = {
    read: async () => structuredClone([...this.disk.values()]),
    put: async (edit) => {
      if (this.full) throw new DOMException("full", "QuotaExceededError");
      this.disk.set(edit.id, structuredClone({ ...edit, kept: undefined }));
    },
    remove: async (id) => { this.disk.delete(id); },
  };

  /** One after another, as the browser's locks do. */
  alone = (work) => (this.#last = this.#last.then(work, work));

  send = async (edit) => {
    await settle(1);
    if (this.down) throw new HttpError("gone");
    if (this.refuses[edit.id]) throw this.refuses[edit.id];
    this.sent.push(edit.id);
    this.seen.add(edit.id);
    return { events: [], layer_revision: this.seen.size };
  };

  tab(options = {}) {
    const channel = new BroadcastChannel(this.name);
    channels.push(channel);
    channel.unref?.();
    return new SaveQueue({ send: this.send, shelf: this.shelf, channel, alone: this.alone, ...options });
  }
}

const edit = (id, on = null) => ({ id, changes: [{ action: "change", event_id: "e1", content: {}, expected: 1, on, before: null, after: {} }] });

test("what a closed page could not send is sent by the next one, in order, once", async () => {
  const computer = new Computer();
  computer.down = true;
  const first = computer.tab();
  for (const id of ["a", "b", "c"]) first.add(edit(id));
  await settle();
  assert.equal(first.state, "offline");
  assert.deepEqual([...computer.disk.keys()], ["a", "b", "c"]);
  first.send = () => new Promise(() => {}); // the page is gone
  computer.down = false;
  const next = computer.tab();
  const shown = [];
  next.addEventListener("added", ({ detail }) => shown.push(detail.edit.id));
  await next.open();
  await settle();
  assert.deepEqual([shown, computer.sent, next.state, computer.disk.size], [["a", "b", "c"], ["a", "b", "c"], "saved", 0]);
});

test("tabs see each other's edits at once, and one of them sends at a time", async () => {
  const computer = new Computer();
  const [one, two] = [computer.tab(), computer.tab()];
  let busy = 0;
  let most = 0;
  const { send } = computer;
  for (const tab of [one, two]) {
    tab.send = async (sent) => {
      most = Math.max(most, busy += 1);
      try { return await send(sent); } finally { busy -= 1; }
    };
  }
  const heard = [];
  two.addEventListener("added", ({ detail }) => heard.push(detail.edit.id));
  for (let step = 0; step < 10; step += 1) {
    one.add(edit(`one-${step}`));
    two.add(edit(`two-${step}`));
    await settle(2);
  }
  await settle(100);
  assert.equal(most, 1);
  assert.deepEqual(heard, Array.from({ length: 10 }, (_, step) => `one-${step}`));
  assert.deepEqual([new Set(computer.sent).size, one.count, two.count, one.state, two.state, computer.disk.size], [20, 0, 0, "saved", "saved", 0]);
  for (const tab of ["one", "two"]) {
    const own = computer.sent.filter((id) => id.startsWith(tab));
    assert.deepEqual([...new Set(own)], Array.from({ length: 10 }, (_, step) => `${tab}-${step}`), "each tab's edits keep their order");
  }
});

test("a tab that dies while it sends leaves its edits to the other", async () => {
  const computer = new Computer();
  const two = computer.tab();
  const one = computer.tab({ alone: (work) => work() });
  one.send = () => new Promise(() => {});
  one.add(edit("a"));
  one.add(edit("b"));
  await settle(50);
  assert.deepEqual([computer.sent, two.state, computer.disk.size], [["a", "b"], "saved", 0]);
});

test("what is refused is kept with its reason, with everything made on top of it, until it is put away", async () => {
  const computer = new Computer();
  computer.refuses.a = new HttpError("Changed elsewhere.", { status: 409, code: "conflict", body: { event: { id: "e1" } } });
  const tab = computer.tab();
  const refused = [];
  tab.addEventListener("refused", ({ detail }) => refused.push([detail.edit.id, detail.error.code]));
  tab.add(edit("a"));
  tab.add(edit("b", "a"));
  tab.add(edit("c"));
  await settle();
  assert.deepEqual(refused, [["a", "conflict"], ["b", "follows"]]);
  assert.deepEqual(computer.sent, ["c"]);
  const later = computer.tab();
  await later.open();
  assert.deepEqual(later.refused.map((one) => [one.id, one.refused?.message]), [["a", "Changed elsewhere."], ["b", "It was made on top of a change that was not stored."]]);
  assert.deepEqual([later.count, later.state], [0, "saved"]);
  later.dismiss("a");
  later.dismiss("b");
  await settle();
  assert.deepEqual([later.refused.length, tab.refused.length, computer.disk.size], [0, 0, 0]);
});

test("a full or forbidden disk is said, and the page itself keeps the edits", async () => {
  const computer = new Computer();
  computer.full = true;
  computer.down = true;
  const tab = computer.tab();
  tab.add(edit("a"));
  await settle();
  assert.deepEqual([tab.durable, tab.count], [false, 1]);
  computer.down = false;
  tab.retry();
  await settle();
  assert.deepEqual([computer.sent, tab.state], [["a"], "saved"]);
});

test("somebody else's session sends nothing, and says that it is somebody else's", async () => {
  const computer = new Computer();
  computer.refuses.a = new HttpError("Somebody else.", { status: 401, code: "other_person" });
  const tab = computer.tab();
  tab.add(edit("a"));
  await settle();
  assert.deepEqual([tab.state, tab.otherPerson, tab.count], ["signed-out", true, 1]);
  computer.refuses = {};
  tab.retry();
  await settle();
  assert.deepEqual([tab.state, tab.otherPerson, computer.sent], ["saved", false, ["a"]]);
});

test("what was made on top of a refused edit is set aside with it at once, and never sent after that is put away", async () => {
  const computer = new Computer();
  computer.refuses.a = new HttpError("Changed elsewhere.", { status: 409, code: "conflict" });
  const tab = computer.tab();
  tab.addEventListener("refused", () => { computer.down = true; }); // the server goes away after its answer
  for (const [id, on] of [["a", null], ["c", null], ["b", "a"], ["d", "b"], ["e", "a"]]) tab.add(edit(id, on));
  await settle();
  assert.deepEqual([tab.refused.map(({ id }) => id).sort(), tab.entries.map(({ id }) => id)], [["a", "b", "d", "e"], ["c"]]);
  tab.dismiss("a");
  await settle();
  computer.down = false;
  tab.retry();
  await settle();
  assert.deepEqual([computer.sent, tab.state], [["c"], "saved"]);
});

test("why edits wait is said until one of them went through, also while they are tried again", async () => {
  const computer = new Computer();
  computer.down = true;
  const tab = computer.tab();
  const said = new Set();
  tab.onChange(() => { if (tab.count) said.add(`${tab.state} ${tab.stuck}`); });
  tab.add(edit("a"));
  await settle();
  assert.deepEqual([...said], ["saving null", "offline offline"]);
  tab.retry();
  await settle();
  assert.deepEqual([...said], ["saving null", "offline offline", "saving offline"]);
  computer.down = false;
  tab.retry();
  await settle();
  assert.deepEqual([tab.state, tab.stuck], ["saved", null]);
  computer.refuses.b = new HttpError("no", { status: 409 });
  computer.down = true;
  tab.add(edit("b"));
  await settle();
  computer.down = false;
  const seen = [];
  tab.addEventListener("refused", () => seen.push(tab.stuck));
  tab.retry();
  await settle();
  assert.deepEqual([tab.state, tab.stuck, seen], ["saved", null, [null]]);
});
