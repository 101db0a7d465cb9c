/**
 * Edits on their way to the server, one after another. They lie on a shelf that outlives the page (edit-shelf.js) until the server has
 * confirmed them, under ids of their own, so that sending one again writes nothing twice. Tabs of one person share the shelf; one of
 * them sends at a time. What the server refuses is kept for the person to read.
 */

/**
 * @typedef {import("./event-store.js").EventState} EventState
 * @typedef {object} Change
 * @property {"create" | "change" | "accept" | "delete" | "restore"} action
 * @property {string} event_id
 * @property {object} [content]
 * @property {number} [expected] the event's revision that this is made on
 * @property {number} [to] the revision that is brought back
 * @property {string | null} on the waiting edit whose result this is made on
 * @property {EventState | null} before
 * @property {EventState} after
 *
 * @typedef {object} Edit what one step of a person changed
 * @property {string} id the request's id
 * @property {number} order
 * @property {string} at when, ISO 8601
 * @property {Change[]} changes
 * @property {{message: string, code: string, latest: EventState | null, at: string} | null} refused
 * @property {string} [user]
 * @property {string} [layer]
 * @property {boolean} [kept] on the shelf; false where the shelf failed
 *
 * @typedef {"saved" | "saving" | "offline" | "signed-out"} State
 *
 * @typedef {object} Shelf
 * @property {() => Promise<Edit[]>} read
 * @property {(edit: Edit) => Promise<void>} put
 * @property {(id: string) => Promise<void>} remove
 *
 * @typedef {object} Options
 * @property {(edit: Edit) => Promise<any>} send throws an HttpError when it did not work
 * @property {Shelf | null} [shelf] null: edits live as long as the page
 * @property {BroadcastChannel | null} [channel] to the other tabs that show this layer
 * @property {(work: () => Promise<void>) => Promise<void>} [alone] runs work while no other tab does
 */

const DELAYS_MS = [1000, 2000, 5000, 10_000, 30_000];
const BUILT_ON_REFUSED = "It was made on top of a change that was not stored.";

/** Whether the same request may work later. @param {any} error */
const isPassing = (error) => error?.name === "HttpError" && (error.status === 0 || error.status === 429 || error.status >= 500 || error.code === "bad_json");

/** @param {Edit} a @param {Edit} b */
const byOrder = (a, b) => a.order - b.order || (a.id < b.id ? -1 : 1);

/** Tells of `state`, `added` (by another tab), `done` and `refused`; the last three carry the edit. */
export class SaveQueue extends EventTarget {
  /** @type {Edit[]} */ entries = [];
  /** @type {Edit[]} */ refused = [];
  /** @type {State} */ state = "saved";
  /** @type {State | null} Why what waits did not go through the last time. While it is tried again, that still holds. */ stuck = null;
  /** Whether the last word of the server was that another person is signed in. */ otherPerson = false;
  /** @type {Set<string>} */ #refusedIds = new Set();
  /** @type {Set<string>} */ #doneIds = new Set();
  /** @type {Promise<void>[]} */ #puts = [];
  #running = false;
  #failures = 0;
  #order = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /** @param {Options} options */
  constructor({ send, shelf = null, channel = null, alone = (work) => work() }) {
    super();
    this.send = send;
    this.shelf = shelf;
    this.channel = channel;
    this.alone = alone;
    /** Whether edits outlive this page. */ this.durable = shelf !== null;
    /** How many of this tab's edits are not on the disk yet. */ this.keeping = 0;
    channel?.addEventListener("message", ({ data }) => this.#heard(data));
  }

  get count() {
    return this.entries.length;
  }

  /** Take up what an earlier page or another tab left on the shelf, and send it. */
  async open() {
    await this.#look();
    this.retry();
    this.#tell();
  }

  /** @param {{id: string, changes: Change[]}} edit */
  add({ id, changes }) {
    this.#order = Math.max(this.#order + 1, Date.now());
    const edit = /** @type {Edit} */ ({ id, order: this.#order, at: new Date().toISOString(), changes, refused: null });
    this.entries.push(edit);
    this.#keep(edit);
    this.#post({ kind: "added", edit });
    if (this.state === "saved") this.#enter("saving");
    else this.#tell();
    if (this.state === "saving") this.#run();
  }

  /** Try again now: the person asked, or the network came back. */
  retry() {
    if (!this.entries.length || this.#running) return;
    clearTimeout(this.#timer);
    this.#enter("saving");
    this.#run();
  }

  /** The person has read that an edit was not stored. @param {string} id */
  dismiss(id) {
    this.#forget(id);
    this.#post({ kind: "dismissed", id });
    this.#tell();
  }

  /** Call a function now and whenever the state or the number of waiting edits is another. @param {(state: State, count: number) => void} listener */
  onChange(listener) {
    this.addEventListener("state", () => listener(this.state, this.count));
    listener(this.state, this.count);
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    try {
      await this.alone(async () => {
        await this.#look();
        while (this.entries.length && this.state === "saving") await this.#next(this.entries[0]);
      });
    } finally {
      this.#running = false;
    }
    if (!this.entries.length) this.#enter("saved");
    else if (this.state === "saving") this.#run(); // something came while this tab was finishing
  }

  /** @param {Edit} edit */
  async #next(edit) {
    if (edit.changes.some(({ on }) => on && this.#refusedIds.has(on))) return this.#refuse(edit, { message: BUILT_ON_REFUSED, code: "follows" });
    let answer;
    try {
      answer = await this.send(edit);
    } catch (error) {
      const { status, code } = /** @type {any} */ (error) ?? {};
      this.otherPerson = code === "other_person";
      if (isPassing(error)) return this.#later();
      if (status === 401) return this.#enter("signed-out");
      this.stuck = null;
      return this.#refuse(edit, /** @type {any} */ (error));
    }
    this.#failures = 0;
    this.stuck = null;
    this.otherPerson = false;
    this.#post({ kind: "done", id: edit.id, answer });
    return this.#done(edit.id, answer);
  }

  /** @param {string} id @param {any} answer */
  #done(id, answer) {
    if (this.#doneIds.has(id)) return; // heard already
    const edit = this.entries.find((other) => other.id === id) ?? null;
    this.#doneIds.add(id);
    this.#forget(id);
    this.#say("done", { edit, answer });
    this.#tell();
  }

  /** @param {Edit} edit @param {any} error */
  #refuse(edit, error) {
    edit.refused = { message: error.message, code: error.code ?? "", latest: error.body?.event ?? null, at: new Date().toISOString() };
    this.#keep(edit);
    this.#post({ kind: "refused", edit });
    this.#setAside(edit, error);
    // At once, not when their turn comes: put away and read again, the refused edit would no longer hold them back.
    const above = this.entries.filter(({ changes }) => changes.some(({ on }) => on === edit.id));
    for (const other of above) if (this.entries.includes(other)) this.#refuse(other, { message: BUILT_ON_REFUSED, code: "follows" });
  }

  /** @param {Edit} edit @param {any} error */
  #setAside(edit, error) {
    this.#refusedIds.add(edit.id);
    this.entries = this.entries.filter(({ id }) => id !== edit.id);
    this.refused = [...this.refused.filter(({ id }) => id !== edit.id), edit].sort(byOrder);
    this.#say("refused", { edit, error });
    this.#tell();
  }

  /** What another tab says. @param {any} data */
  #heard({ kind, edit, id, answer }) {
    if (kind === "added" && !this.#knows(edit.id)) {
      this.#order = Math.max(this.#order, edit.order);
      this.entries = [...this.entries, edit].sort(byOrder);
      if (this.state === "saved") this.#enter("saving");
      this.#say("added", { edit });
      if (this.state === "saving") this.#run(); // waits until the other tab has finished, or goes on where it broke off
    } else if (kind === "done") this.#done(id, answer);
    else if (kind === "refused") this.#setAside(edit, edit.refused);
    else if (kind === "dismissed") this.#forget(id);
    if (!this.entries.length && this.state !== "saved") this.#enter("saved");
    else this.#tell();
  }

  /** Make what this tab knows the same as what lies on the shelf. */
  async #look() {
    if (!this.shelf) return;
    await Promise.allSettled(this.#puts.splice(0));
    /** @type {Edit[]} */ let found;
    try {
      found = await this.shelf.read();
    } catch {
      this.durable = false;
      return;
    }
    const there = new Set(found.map(({ id }) => id));
    for (const edit of [...this.entries, ...this.refused]) {
      if (!edit.kept || there.has(edit.id)) continue;
      this.#forget(edit.id); // another tab had it stored and its message did not arrive
      this.#say("done", { edit, answer: null });
    }
    for (const edit of found.sort(byOrder)) {
      if (this.#knows(edit.id)) continue;
      edit.kept = true;
      this.#order = Math.max(this.#order, edit.order);
      if (edit.refused) {
        this.#refusedIds.add(edit.id);
        this.refused.push(edit);
      } else {
        this.entries.push(edit);
        this.#say("added", { edit });
      }
    }
    this.entries.sort(byOrder);
  }

  /** @param {string} id */
  #knows(id) {
    return this.#doneIds.has(id) || [...this.entries, ...this.refused].some((edit) => edit.id === id);
  }

  /** @param {Edit} edit */
  #keep(edit) {
    if (!this.shelf) return;
    this.keeping += 1;
    const put = this.shelf.put(edit).then(() => { edit.kept = true; }, () => {
      this.durable = false; // full, or forbidden: the page itself still has it
    });
    this.#puts.push(put.then(() => {
      this.keeping -= 1;
      if (!this.keeping) this.#tell();
    }));
  }

  /** @param {string} id */
  #forget(id) {
    this.entries = this.entries.filter((edit) => edit.id !== id);
    this.refused = this.refused.filter((edit) => edit.id !== id);
    this.shelf?.remove(id).catch(() => {}); // sent again after a reload, it writes nothing twice
  }

  #later() {
    const delay = DELAYS_MS[Math.min(this.#failures, DELAYS_MS.length - 1)];
    this.#failures += 1;
    this.#enter("offline");
    this.#timer = setTimeout(() => this.retry(), delay);
  }

  /** @param {State} state */
  #enter(state) {
    this.state = state;
    if (state !== "saving") this.stuck = state === "saved" ? null : state;
    this.#tell();
  }

  /** @param {object} message */
  #post(message) {
    this.channel?.postMessage(message);
  }

  /** @param {string} name @param {object} detail */
  #say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #tell() {
    this.dispatchEvent(new Event("state"));
  }
}
