/**
 * The events of one layer: shown at once, saved in order, undone without a limit. What the server has is never overwritten
 * silently: each change names the revision it was made on, and a conflict sets the change aside, not the other person's work.
 *
 * The server writes one revision for each change, so the number that a change will get is known before it is sent: `number` of an
 * event counts the changes that are still on their way.
 */
import { newId as randomId } from "./id.js";
import { SaveQueue } from "./save-queue.js";
import { UndoStack } from "./undo.js";

/**
 * @typedef {import("./facs.js").Content & {id: string, source: string | null, number: number, action: string, standing: string,
 *   author: string | null, at: string, deleted: boolean, confidence: number | null}} EventState
 * @typedef {import("./save-queue.js").Change} Change
 * @typedef {import("./save-queue.js").Edit} Edit
 *
 * @typedef {object} Step what a command did to one event
 * @property {string} id
 * @property {EventState | null} before null: the event was not there
 * @property {EventState} after
 * @typedef {{steps: Step[]}} Command what is undone and redone at once
 *
 * @typedef {object} Answer
 * @property {number} revision
 * @property {string} state
 * @property {EventState[]} events
 *
 * @typedef {object} Server
 * @property {(body: object) => Promise<{events: EventState[], layer_revision: number}>} send
 * @property {(since: number | null) => Promise<Answer>} load the whole layer, or what changed after a revision
 */

const MERGE_MS = 400;
const RELOAD_MS = 3000;

/** What the server is told of an edit. @param {Edit} edit */
export const bodyOf = (edit) => ({
  request_id: edit.id,
  changes: edit.changes.map(({ action, event_id, content, expected, to }) => ({ action, event_id, content, expected, to })),
});

/** Tells of `change` (events are others now), `saving`, `refused`, `elsewhere` (somebody else changed events) and `closed`. */
export class EventStore extends EventTarget {
  /** @type {Map<string, EventState>} */ events = new Map();
  /** @type {Map<string, EventState>} what the server has said */ #known = new Map();
  /** @type {UndoStack<Command>} */ #undo = new UndoStack();
  /** @type {Change[] | null} */ #open = null;
  /** @type {{id: string, before: EventState, content: object, after: EventState, timer: ReturnType<typeof setTimeout>} | null} */ #held = null;
  #stale = false;
  #loaded = false;
  #ahead = 0;
  revision = 0;
  state = "open";

  /** @param {Server} server @param {{queue?: SaveQueue, newId?: () => string, author?: string}} [options] */
  constructor(server, { queue, newId = randomId, author = "" } = {}) {
    super();
    this.server = server;
    this.queue = queue ?? new SaveQueue({ send: (edit) => server.send(bodyOf(edit)) });
    this.newId = newId;
    this.author = author;
    const heard = (/** @type {string} */ name, /** @type {(detail: any) => void} */ act) =>
      this.queue.addEventListener(name, (event) => act(/** @type {CustomEvent} */ (event).detail));
    heard("added", ({ edit }) => this.#taken(edit));
    heard("done", ({ edit, answer }) => this.#done(edit, answer));
    heard("refused", ({ edit, error }) => this.#refused(edit, error));
    this.queue.onChange((state) => {
      if (state === "saved") this.#catchUp();
    });
  }

  /** Changes that are not on the server yet. */
  get unsaved() {
    return this.queue.count + (this.#held ? 1 : 0);
  }

  get canUndo() {
    return this.#undo.canUndo;
  }

  get canRedo() {
    return this.#undo.canRedo;
  }

  get signed() {
    return this.state === "signed";
  }

  /** Events that stand. @returns {EventState[]} */
  standing() {
    return [...this.events.values()].filter((event) => !event.deleted);
  }

  /** Whether changes of this event are still on their way. @param {string} id */
  isPending(id) {
    return this.#held?.id === id || this.queue.entries.some((edit) => edit.changes.some((change) => change.event_id === id));
  }

  // --- what people do ---------------------------------------------------------------------------------------------------------

  /**
   * Several changes as one: one step of undo, one request, all or nothing.
   * @template T
   * @param {() => T} act calls `create`, `change`, `accept`, `remove`, `restore` or `revive`
   * @returns {T}
   */
  together(act) {
    if (this.#open) return act();
    this.flush();
    return this.#step(act, (changes) => this.#undo.push(commandOf(changes)));
  }

  /** @param {import("./facs.js").Content} content @param {string} [id] of an event that was never stored @returns {EventState} */
  create(content, id = this.newId()) {
    const after = { ...content, id, source: null, number: 0, standing: "added", author: this.author, at: "", deleted: false, confidence: null };
    return this.together(() => this.#put("create", id, after, { content }));
  }

  /**
   * @param {string} id
   * @param {Partial<import("./facs.js").Content>} content
   * @param {{merge?: boolean}} [options] `merge`: part of a series, such as nudging; the series is one change when it pauses
   */
  change(id, content, { merge = false } = {}) {
    const event = this.events.get(id);
    if (!event || event.deleted || !differs(event, content)) return;
    const after = { ...event, ...content, standing: event.standing === "added" ? "added" : "changed", author: this.author, confidence: null };
    if (!merge || this.#open) return void this.together(() => this.#put("change", id, after, { content }));
    if (this.#held?.id !== id) this.flush();
    const { before, content: earlier, timer } = this.#held ?? { before: event, content: {}, timer: undefined };
    clearTimeout(timer);
    const shown = { ...after, number: before.number + 1, action: "change" };
    this.#held = { id, before, content: { ...earlier, ...content }, after: shown, timer: setTimeout(() => this.flush(), MERGE_MS) };
    this.dispatchEvent(new Event("saving"));
    this.#show(shown);
  }

  /** Confirm the machine's proposal. @param {string} id */
  accept(id) {
    const event = this.events.get(id);
    if (!event || event.deleted || event.standing !== "proposed") return;
    this.together(() => this.#put("accept", id, { ...event, standing: "accepted" }));
  }

  /** @param {string} id */
  remove(id) {
    const event = this.events.get(id);
    if (!event || event.deleted) return;
    this.together(() => this.#put("delete", id, { ...event, deleted: true }));
  }

  /** Bring back what a revision said. @param {string} id @param {number} number @param {EventState} said */
  restore(id, number, said) {
    const event = this.events.get(id);
    if (!event) return;
    this.together(() => this.#put("restore", id, { ...event, ...said, id, source: event.source }, { to: number }));
  }

  /** Bring a deleted event back as it was before. @param {string} id */
  revive(id) {
    this.flush();
    const event = this.events.get(id);
    if (!event?.deleted) return;
    this.together(() => this.#put("restore", id, { ...event, deleted: false }, { to: event.number - 1 }));
  }

  /** @returns {EventState | null} the event that is as it was before */
  undo() {
    this.flush();
    const command = this.#undo.undo();
    if (!command) return null;
    return this.#step(() => command.steps.toReversed().map(({ id, before, after }) => (before
      ? this.#put("restore", id, before, { to: before.number })
      : this.#put("delete", id, { ...after, deleted: true }))).at(-1) ?? null);
  }

  /** @returns {EventState | null} the event that is changed again */
  redo() {
    this.flush();
    const command = this.#undo.redo();
    if (!command) return null;
    return this.#step(() => command.steps.map(({ id, after }) => this.#put("restore", id, after, { to: after.number })).at(0) ?? null);
  }

  /** Send a series that was still being collected. */
  flush() {
    if (!this.#held) return;
    const { id, before, content, after, timer } = this.#held;
    clearTimeout(timer);
    this.#held = null;
    this.events.set(id, before);
    if (differs(before, content)) return void this.together(() => this.#put("change", id, after, { content }));
    this.#compose(id); // there and back again is no change
    this.#tell();
    this.#catchUp();
  }

  // --- changes on their way ---------------------------------------------------------------------------------------------------

  /** @template T @param {() => T} act @param {(changes: Change[]) => void} [note] */
  #step(act, note) {
    /** @type {Change[]} */ const changes = [];
    this.#open = changes;
    let value;
    try {
      value = act();
    } catch (error) {
      this.#open = null;
      for (const { event_id } of changes) this.#compose(event_id);
      this.#tell();
      throw error;
    }
    this.#open = null;
    if (!changes.length) return value;
    note?.(changes);
    this.queue.add({ id: this.newId(), changes });
    this.#tell();
    return value;
  }

  /**
   * @param {Change["action"]} action
   * @param {string} id
   * @param {any} said
   * @param {{content?: object, to?: number}} [more]
   * @returns {EventState}
   */
  #put(action, id, said, more = {}) {
    const before = this.events.get(id) ?? null;
    const expected = before?.number ?? 0;
    const after = { ...said, number: expected + 1, action };
    this.#open?.push({ action, event_id: id, ...more, ...(action === "create" ? {} : { expected }), on: this.#lastOn(id), before, after });
    this.events.set(id, after);
    return after;
  }

  /** The waiting edit that changes an event last. @param {string} id */
  #lastOn(id) {
    return this.queue.entries.findLast((edit) => edit.changes.some((change) => change.event_id === id))?.id ?? null;
  }

  /** Show of an event what the server has and what is on its way. @param {string} id */
  #compose(id) {
    let event = this.#known.get(id);
    for (const edit of this.queue.entries) {
      for (const change of edit.changes) {
        if (change.event_id === id && (event?.number ?? 0) === (change.expected ?? 0)) event = change.after;
      }
    }
    if (this.#held?.id === id) event = this.#held.after;
    if (event) this.events.set(id, event);
    else this.events.delete(id);
  }

  /** @param {EventState} event @returns {boolean} whether it is news */
  #learn(event) {
    if ((this.#known.get(event.id)?.number ?? 0) >= event.number) return false;
    this.#known.set(event.id, event);
    this.#compose(event.id);
    return true;
  }

  /** Another tab, or an earlier page, made this edit. @param {Edit} edit */
  #taken(edit) {
    const ids = new Set(edit.changes.map(({ event_id }) => event_id));
    this.#undo.forget(({ steps }) => steps.some(({ id }) => ids.has(id)));
    for (const id of ids) this.#compose(id);
    this.#tell();
  }

  /** @param {Edit | null} edit @param {{events: EventState[], layer_revision: number} | null} answer */
  #done(edit, answer) {
    if (!answer) this.#stale = true;
    else {
      if (answer.layer_revision > this.revision + answer.events.length) this.#stale = true; // somebody wrote in between
      this.revision = Math.max(this.revision, this.#stale ? 0 : answer.layer_revision);
      for (const event of answer.events) this.#learn(event);
    }
    for (const { event_id } of edit?.changes ?? []) this.#compose(event_id);
    this.#tell();
  }

  /** @param {Edit} edit @param {any} error */
  #refused(edit, error) {
    const ids = new Set(edit.changes.map(({ event_id }) => event_id));
    this.#undo.forget(({ steps }) => steps.some(({ id }) => ids.has(id)));
    if (edit.refused?.latest) this.#learn(edit.refused.latest);
    for (const id of ids) this.#compose(id);
    this.#stale = true;
    if (error.code === "signed" || error.code === "closed") this.#enter(error.code === "signed" ? "signed" : "submitted");
    this.#tell();
    this.dispatchEvent(new CustomEvent("refused", { detail: { error, edit, event: edit.changes[0].after } }));
  }

  // --- what the server has ----------------------------------------------------------------------------------------------------

  /** Take what the server has. Commands of events that others changed can no longer be undone. */
  async reload() {
    const since = this.#loaded ? this.revision : null;
    const answer = await this.server.load(since);
    if (this.#loaded && (this.unsaved || answer.revision < this.revision)) { // it lacks what was changed here while it was on its way
      this.#stale = true;
      return this.#catchUp();
    }
    this.#stale = false;
    const first = !this.#loaded;
    this.#loaded = true;
    this.revision = answer.revision;
    /** @type {{before: EventState | null, after: EventState}[]} */ const news = [];
    for (const event of answer.events) {
      const before = this.#known.get(event.id) ?? null;
      if (this.#learn(event)) news.push({ before, after: event });
    }
    const ids = new Set(news.map(({ after }) => after.id));
    this.#undo.forget(({ steps }) => steps.some(({ id }) => ids.has(id)));
    this.#enter(answer.state);
    this.#tell();
    if (!first && news.length) this.dispatchEvent(new CustomEvent("elsewhere", { detail: news }));
  }

  /** Somebody says that the layer has another revision now. @param {number} revision */
  heard(revision) {
    this.#ahead = Math.max(this.#ahead, revision);
    this.#catchUp();
  }

  /** Look whether the server has something else, as soon as nothing of this page is on its way. */
  look() {
    this.#stale = true;
    this.#catchUp();
  }

  #catchUp() {
    if (!(this.#stale || this.#ahead > this.revision) || this.unsaved || !this.#loaded) return;
    this.#stale = false;
    this.#ahead = 0;
    this.reload().catch(() => setTimeout(() => this.look(), RELOAD_MS));
  }

  /** @param {string} state of the layer */
  #enter(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("closed"));
  }

  /** @param {EventState} event */
  #show(event) {
    this.events.set(event.id, event);
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {any} event @param {object} content */
const differs = (event, content) => Object.entries(content).some(([name, value]) => event[name] !== value);

/** What several changes did to each event, from before the first to after the last. @param {Change[]} changes @returns {Command} */
function commandOf(changes) {
  /** @type {Map<string, Step>} */ const steps = new Map();
  for (const { event_id: id, before, after } of changes) steps.set(id, { id, before: steps.has(id) ? steps.get(id)?.before ?? null : before, after });
  return { steps: [...steps.values()] };
}
