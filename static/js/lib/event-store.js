/**
 * The events of one layer: shown at once, saved in order, undone without a limit. What the server has is never overwritten
 * silently: each change names the revision it was made on, and a conflict gives up the change, not the other person's work.
 */
import { SaveQueue } from "./save-queue.js";
import { UndoStack } from "./undo.js";

/**
 * @typedef {import("./facs.js").Content & {id: string, source: string | null, number: number, action: string, standing: string,
 *   author: string | null, at: string, deleted: boolean, confidence: number | null}} EventState
 * @typedef {object} Command
 * @property {string} id
 * @property {"create" | "change" | "accept" | "delete" | "restore"} action
 * @property {Partial<import("./facs.js").Content>} content what a change says
 * @property {EventState | null} before
 * @property {EventState} after
 * @property {number} numberBefore revision that the server had before, 0 for none
 * @property {number} numberAfter revision that this command wrote, 0 until it is saved
 *
 * @typedef {object} Server
 * @property {(body: object) => Promise<any>} create
 * @property {(id: string, body: object) => Promise<any>} change
 * @property {() => Promise<{revision: number, state: string, events: EventState[]}>} load
 */

const MERGE_MS = 400;
const RELOAD_MS = 3000;

export class EventStore extends EventTarget {
  /** @type {Map<string, EventState>} */ events = new Map();
  /** @type {Map<string, {confirmed: number, pending: number, epoch: number}>} */ #server = new Map();
  /** @type {UndoStack<Command>} */ #undo = new UndoStack();
  /** @type {{command: Command, timer: ReturnType<typeof setTimeout>} | null} */ #held = null;
  #stale = false;
  revision = 0;
  signed = false;

  /** @param {Server} server @param {{queue?: SaveQueue, newId?: () => string, author?: string}} [options] */
  constructor(server, { queue = new SaveQueue(), newId = () => crypto.randomUUID(), author = "" } = {}) {
    super();
    this.server = server;
    this.queue = queue;
    this.newId = newId;
    this.author = author;
    queue.onChange((state) => {
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

  /** Events that stand, by onset. @returns {EventState[]} */
  standing() {
    return [...this.events.values()].filter((event) => !event.deleted);
  }

  /** Take what the server has. Commands of events that others changed can no longer be undone. */
  async reload() {
    const answer = await this.server.load();
    if (this.unsaved || answer.revision < this.revision) { // it lacks what was changed here while it was on its way
      this.#stale = true;
      return this.#catchUp();
    }
    this.#stale = false;
    this.revision = answer.revision;
    this.signed = answer.state === "signed";
    const former = this.#server;
    this.#server = new Map();
    this.events = new Map();
    for (const event of answer.events) {
      this.events.set(event.id, event);
      this.#server.set(event.id, { confirmed: event.number, pending: 0, epoch: (former.get(event.id)?.epoch ?? 0) });
      const known = former.get(event.id);
      if (known && known.confirmed !== event.number) this.#undo.forget((command) => command.id === event.id);
    }
    this.#undo.forget((command) => !this.events.has(command.id));
    this.#tell();
  }

  /** Ask again what the server has, if that may differ from this page and nothing of this page is on its way. */
  #catchUp() {
    if (!this.#stale || this.unsaved) return;
    this.reload().catch(() => setTimeout(() => this.#catchUp(), RELOAD_MS));
  }

  /** @param {import("./facs.js").Content} content @returns {EventState} */
  create(content) {
    const id = this.newId();
    const after = { ...content, id, source: null, number: 0, action: "create", standing: "added", author: this.author, at: "", deleted: false, confidence: null };
    this.#do({ id, action: "create", content, before: null, after, numberBefore: 0, numberAfter: 0 });
    return after;
  }

  /**
   * @param {string} id
   * @param {Partial<import("./facs.js").Content>} content
   * @param {{merge?: boolean}} [options] `merge`: part of a series, such as nudging; the series is one change when it pauses
   */
  change(id, content, { merge = false } = {}) {
    const event = this.events.get(id);
    if (!event || event.deleted) return;
    const changed = Object.entries(content).filter(([name, value]) => /** @type {any} */ (event)[name] !== value);
    if (!changed.length) return;
    const after = { ...event, ...content, action: "change", standing: event.standing === "added" ? "added" : "changed", confidence: null };
    if (merge && this.#held?.command.id === id) {
      const { command } = this.#held;
      command.content = { ...command.content, ...content };
      command.after = after;
      this.#hold(command);
      this.#show(after);
      return;
    }
    const command = /** @type {Command} */ ({ id, action: "change", content, before: event, after, numberBefore: 0, numberAfter: 0 });
    if (!merge) return void this.#do(command);
    this.flush();
    this.#hold(command);
    this.#show(after);
  }

  /** Confirm the machine's proposal. @param {string} id */
  accept(id) {
    const event = this.events.get(id);
    if (!event || event.deleted || event.standing !== "proposed") return;
    this.#do({ id, action: "accept", content: {}, before: event, after: { ...event, action: "accept", standing: "accepted" }, numberBefore: 0, numberAfter: 0 });
  }

  /** @param {string} id */
  remove(id) {
    const event = this.events.get(id);
    if (!event || event.deleted) return;
    this.#do({ id, action: "delete", content: {}, before: event, after: { ...event, action: "delete", deleted: true }, numberBefore: 0, numberAfter: 0 });
  }

  /** Bring back what a revision said. @param {string} id @param {number} number @param {EventState} said */
  restore(id, number, said) {
    const event = this.events.get(id);
    if (!event) return;
    const after = { ...event, ...said, id, source: event.source, number: event.number, action: "restore" };
    const command = /** @type {Command} */ ({ id, action: "restore", content: {}, before: event, after, numberBefore: 0, numberAfter: 0 });
    this.flush();
    this.#undo.push(command);
    this.#send(command, () => ({ action: "restore", to: number }));
    this.#show(after);
  }

  /** Bring a deleted event back as it was before. @param {string} id */
  revive(id) {
    const event = this.events.get(id);
    if (!event?.deleted) return;
    const after = { ...event, deleted: false, action: "restore" };
    const command = /** @type {Command} */ ({ id, action: "restore", content: {}, before: event, after, numberBefore: 0, numberAfter: 0 });
    this.flush();
    this.#undo.push(command);
    this.#send(command, () => ({ action: "restore", to: command.numberBefore - 1 }));
    this.#show(after);
  }

  /** @returns {EventState | null} the event that is as it was before */
  undo() {
    this.flush();
    const command = this.#undo.undo();
    if (!command) return null;
    const current = /** @type {EventState} */ (this.events.get(command.id));
    const shown = command.before ? { ...command.before, number: current.number } : { ...command.after, deleted: true };
    this.#send(command, () => (command.before ? { action: "restore", to: command.numberBefore } : { action: "delete" }), true);
    this.#show(shown);
    return shown;
  }

  /** @returns {EventState | null} the event that is changed again */
  redo() {
    this.flush();
    const command = this.#undo.redo();
    if (!command) return null;
    const current = /** @type {EventState} */ (this.events.get(command.id));
    const shown = { ...command.after, number: current.number };
    this.#send(command, () => ({ action: "restore", to: command.numberAfter }), true);
    this.#show(shown);
    return shown;
  }

  /** Send a series that was still being collected. */
  flush() {
    if (!this.#held) return;
    const { command, timer } = this.#held;
    clearTimeout(timer);
    this.#held = null;
    const before = /** @type {any} */ (command.before);
    if (Object.entries(command.content).some(([name, value]) => before[name] !== value)) return this.#do(command);
    this.#show({ ...before, number: this.#server.get(command.id)?.confirmed ?? before.number }); // there and back again is no change
    this.#catchUp();
  }

  /** @param {Command} command */
  #hold(command) {
    if (this.#held) clearTimeout(this.#held.timer);
    this.#held = { command, timer: setTimeout(() => this.flush(), MERGE_MS) };
    this.dispatchEvent(new Event("saving"));
  }

  /** @param {Command} command */
  #do(command) {
    this.flush();
    this.#undo.push(command);
    const bodies = {
      create: () => ({ content: command.content, event_id: command.id }),
      change: () => ({ action: "change", content: command.content }),
      accept: () => ({ action: "accept" }),
      delete: () => ({ action: "delete" }),
      restore: () => ({}),
    };
    if (command.action === "create") this.#server.set(command.id, { confirmed: 0, pending: 0, epoch: 0 });
    this.#send(command, bodies[command.action]);
    this.#show(command.after);
  }

  /**
   * @param {Command} command
   * @param {() => object} body made when it is sent: only then the revisions of earlier changes are known
   * @param {boolean} [again] undo or redo, which write revisions but do not change what the command's own revisions are
   */
  #send(command, body, again = false) {
    const known = this.#server.get(command.id);
    if (!known) throw new RangeError("This event is not in the layer.");
    known.pending += 1;
    const epoch = known.epoch;
    const requestId = this.newId();
    const create = command.action === "create" && !again;
    /** @type {object | null} the same body for every attempt, so that a repeated request is the same request */
    let sent = null;
    this.queue.add({
      send: async () => {
        if (known.epoch !== epoch) return;
        const expected = known.confirmed;
        if (!again) command.numberBefore = expected;
        sent ??= { ...body(), request_id: requestId, ...(create ? {} : { expected }) };
        const answer = create ? await this.server.create(sent) : await this.server.change(command.id, sent);
        if (!again) command.numberAfter = answer.event.number;
        this.#confirmed(command.id, known, answer);
      },
      refused: (error) => this.#refused(command, known, error),
    });
  }

  /** @param {string} id @param {{confirmed: number, pending: number}} known @param {any} answer */
  #confirmed(id, known, answer) {
    known.confirmed = answer.event.number;
    known.pending -= 1;
    if (answer.layer_revision > this.revision + 1) this.#stale = true; // another tab wrote in between
    this.revision = Math.max(this.revision, answer.layer_revision);
    if (known.pending === 0 && this.#held?.command.id !== id) this.#show(answer.event);
  }

  /** @param {Command} command @param {{epoch: number}} known @param {any} error */
  #refused(command, known, error) {
    known.epoch += 1; // what was made on top of it goes with it
    this.#undo.forget((other) => other.id === command.id);
    this.#stale = true;
    if (error.code === "signed") this.signed = true;
    this.dispatchEvent(new CustomEvent("refused", { detail: { error, event: command.after } }));
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
