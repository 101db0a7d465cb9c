import assert from "node:assert/strict";
import { test } from "node:test";

import { Preferences } from "../../static/js/lib/preferences.js";

class Storage {
  map = new Map();
  getItem = (name) => this.map.get(name) ?? null;
  setItem = (name, text) => this.map.set(name, text);
}
const settle = () => new Promise((done) => setTimeout(done, 15));

test("what the server could not take is kept and sent again, also by the next page", async () => {
  const storage = new Storage();
  const sent = [];
  let works = false;
  const send = async (sections) => {
    if (!works) throw Object.assign(new Error("no connection"), { status: 0 });
    sent.push(sections);
  };
  const first = new Preferences({ owner: "me", values: { length_ms: 1000 } }, { send, storage, retryMs: 0 });
  first.set("length_ms", 500);
  await settle();
  assert.equal(first.unsent, true);
  works = true;
  const next = new Preferences({ owner: "me", values: { length_ms: 1000 } }, { send, storage });
  assert.equal(next.values.length_ms, 500);
  await settle();
  assert.deepEqual([sent, next.unsent], [[{ length_ms: 500 }], false]);
  const other = new Preferences({ owner: "another", values: { length_ms: 1000 } }, { send, storage });
  assert.equal(other.values.length_ms, 1000);
});

test("what the account says counts where nothing waits; what is refused is not sent for ever", async () => {
  const storage = new Storage();
  let tries = 0;
  const send = async () => { tries += 1; throw Object.assign(new Error("refused"), { status: 400 }); };
  const values = new Preferences({ owner: "me", values: {} }, { send, storage, retryMs: 1 });
  values.set("length_ms", 5);
  await settle();
  assert.deepEqual([tries, values.unsent], [1, false]);
  assert.equal(new Preferences({ owner: "me", values: { length_ms: 700 } }, { send, storage }).values.length_ms, 700);
});

test("changes made while one is on its way are sent after it", async () => {
  const sent = [];
  const send = async (sections) => { sent.push(sections); await settle(); };
  const values = new Preferences({ owner: "me", values: {} }, { send, storage: new Storage() });
  values.set("length_ms", 500);
  values.set("keys", { play: "x" });
  values.set("length_ms", 600);
  await settle();
  await settle();
  await settle();
  assert.deepEqual(sent.at(-1), { keys: { play: "x" }, length_ms: 600 });
  assert.equal(values.unsent, false);
});
