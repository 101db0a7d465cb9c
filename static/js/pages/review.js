/** The review page: one playhead, one selection, one list of events, and the parts that show them. */
import { installDrawer } from "../components/drawer.js";
import { EventEditor } from "../components/event-editor.js";
import { EventTable } from "../components/event-table.js";
import { installComments } from "../components/comments.js";
import { jump } from "../components/jump.js";
import { installLayerHistory, makeEventHistory } from "../components/layer-history.js";
import { installLiveLayer } from "../components/live-layer.js";
import { installNotStored } from "../components/not-stored.js";
import { installPractice } from "../components/practice.js";
import { installSaveStatus, waitForSaving } from "../components/save-status.js";
import { installCard } from "../components/facs-card.js";
import { installMeaning } from "../components/meaning-panel.js";
import { installReason } from "../components/reason.js";
import { installStageTools } from "../components/stage-tools.js";
import { installCodeLine } from "../components/code-line.js";
import { installEventActions } from "../components/event-actions.js";
import { installLiveCoding } from "../components/live-coding.js";
import { installShortcuts } from "../components/shortcuts.js";
import { Timeline } from "../components/timeline.js";
import { installTransport } from "../components/transport.js";
import { installStage } from "../components/video-stage.js";
import { VideoClock } from "../lib/clock.js";
import { EventStore } from "../lib/event-store.js";
import { Catalogue, notation } from "../lib/facs.js";
import { FrameTable } from "../lib/frames.js";
import { getJson, HttpError, postJson } from "../lib/http.js";
import { layerQueue } from "../lib/layer-queue.js";
import { inside } from "../lib/spans.js";
import { Preferences } from "../lib/preferences.js";
import { toast, toastError } from "../lib/toast.js";

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);
const data = JSON.parse(part("review-data").textContent);
const address = (/** @type {string} */ name, /** @type {string} */ id) => data.urls[name].replace(data.urls.placeholder, id);

const ROWS_FIRST_MS = 400;

/** @returns {Promise<FrameTable>} */
async function loadFrames() {
  try {
    const response = await fetch(data.urls.frames, { credentials: "same-origin" });
    if (!response.ok) throw new HttpError("", { status: response.status });
    return FrameTable.fromSteps(await response.arrayBuffer(), data.durationUs);
  } catch {
    return FrameTable.constant(data.frameRate || 25, data.durationUs);
  }
}

/**
 * What the page's parts share. It tells of `refresh` (events changed), `select` (another event is chosen), `tick` (the playhead is
 * elsewhere) and `face` (another face is shown); further parts are installed at the end of this file and listen to that.
 */
export class Review extends EventTarget {
  data = data;
  /** @type {Map<string, import("../lib/event-store.js").EventState>} */ proposals = new Map();
  /** @type {string | null} */ selected = null;
  /** @type {import("../components/drawer.js").Drawer | null} */ drawer = null;
  /** @type {import("../lib/event-store.js").EventState[]} events of the face that is shown */ standing = [];
  /** @type {import("../lib/event-store.js").EventState[]} */ machine = [];
  face = data.faces[0];
  /** @type {import("../components/event-actions.js").Range | null} */ range = null;
  /** @type {(range: import("../components/event-actions.js").Range | null) => void} */ setRange = () => {};
  /** @type {import("../components/code-line.js").CodeLine | null} */ codeLine = null;
  /** @type {import("../components/live-coding.js").LiveCoding | null} */ live = null;
  /** @type {import("../lib/keys.js").Keymap | null} */ keymap = null;
  preferences = new Preferences(data.preferences, { send: (sections) => postJson(data.urls.preferences, sections) });
  alone = data.layer.id === data.machineLayer;

  /** @param {FrameTable} frames @param {import("../lib/save-queue.js").SaveQueue} queue */
  constructor(frames, queue) {
    super();
    this.catalogue = new Catalogue(data.codes);
    this.clock = new VideoClock(part("video"), frames);
    this.store = new EventStore({
      send: () => Promise.reject(new Error("Edits go through the queue.")),
      load: (since) => getJson(since === null ? data.urls.events : `${data.urls.events}?since=${since}`),
    }, { queue, author: data.user.name });
    this.timeline = new Timeline(part("timeline"), {
      catalogue: this.catalogue, durationUs: data.durationUs, frames, reasons: data.reasons, tierWords: data.tierWords, url: data.urls.signals, version: data.run.attempt, alone: this.alone, spans: data.layer.spans, prototypes: data.prototypes,
      onScrub: (us) => this.look(us), onChoose: (event, machine) => this.choose(event, machine), onError: toastError, onFilter: (filter) => this.table.setFilter(filter),
      onTimes: (event, times, done) => {
        if (done) this.store.change(event.id, times);
        else this.editor.show({ ...event, ...times });
      },
    });
    this.timeline.editable = data.layer.editable;
    this.editor = new EventEditor(part("editor"), {
      catalogue: this.catalogue, store: this.store, clock: this.clock, editable: data.layer.editable, micro: data.micro, tierWords: data.tierWords,
      proposal: (id) => this.proposals.get(id), onLook: (us) => this.look(us),
    });
    this.table = new EventTable(part("events"), { catalogue: this.catalogue, micro: data.micro, onChoose: (id) => this.select(id, { look: true }) });
    this.history = makeEventHistory({
      url: (id) => address("history", id), isPending: (id) => this.store.isPending(id),
      onRestore: data.layer.editable ? (revision) => this.store.restore(revision.id, revision.number, revision) : null,
    });
    this.#connect();
  }

  /** The rows come first: what else the page has to do waits for them to be on the screen, but not for long. */
  async openRows() {
    const drawn = this.timeline.openFace(this.face).then(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
    await Promise.race([drawn, new Promise((done) => setTimeout(done, ROWS_FIRST_MS))]);
    return { drawn };
  }

  async open() {
    const [machine] = await Promise.all([this.alone || !data.urls.machineEvents ? null : getJson(data.urls.machineEvents), this.store.reload()])
      .finally(() => this.store.queue.open());
    this.proposals = new Map((machine?.events ?? (this.alone ? [...this.store.events.values()] : [])).map((/** @type {any} */ event) => [event.id, event]));
    this.refresh();
  }

  /** Events of the layer on the face that is shown, deleted ones too, by onset. */
  listed() {
    return [...this.store.events.values()].filter((event) => event.face === this.face)
      .sort((a, b) => a.onset_us - b.onset_us || (this.catalogue.order.get(a.code) ?? 0) - (this.catalogue.order.get(b.code) ?? 0));
  }

  get chosen() {
    return this.selected ? this.store.events.get(this.selected) ?? null : null;
  }

  /** Show what the store has. */
  refresh() {
    const listed = this.listed();
    this.standing = listed.filter((event) => !event.deleted);
    this.machine = [...this.proposals.values()].filter((event) => event.face === this.face);
    if (this.selected && !this.store.events.has(this.selected)) this.selected = null;
    this.timeline.setEvents(this.alone ? [] : listed, this.alone ? listed : this.machine);
    this.timeline.selected = this.selected;
    if (!part("events").hidden) this.table.draw(listed, this.selected);
    this.editor.show(this.chosen);
    this.history.show(this.chosen);
    this.#buttons(listed);
    this.#say();
    this.#tell("refresh");
  }

  /** @param {string} name */
  #tell(name) {
    this.dispatchEvent(new Event(name));
  }

  /** @param {import("../lib/event-store.js").EventState[]} listed */
  #buttons(listed) {
    const at = listed.findIndex((event) => event.id === this.selected);
    part("event-place").textContent = listed.length ? `${at < 0 ? "–" : at + 1} of ${listed.length}` : "No events yet";
    part("event-previous").disabled = part("event-next").disabled = !listed.length;
    part("zoom-event").disabled = !this.chosen;
    if (part("undo")) part("undo").disabled = !this.store.canUndo;
    if (part("redo")) part("redo").disabled = !this.store.canRedo;
    const proposals = [...this.store.events.values()].filter((event) => event.source);
    const reviewed = proposals.filter((event) => event.deleted || event.standing !== "proposed").length;
    part("reviewed").textContent = proposals.length ? `${reviewed} of ${proposals.length} reviewed` : "";
  }

  /** The FACS notation of the moment. */
  #say() {
    const us = this.clock.timeUs;
    part("facs-mine").textContent = notation(this.standing, us) || "–";
    part("facs-machine-line").hidden = this.alone || data.blind;
    if (!this.alone) part("facs-machine").textContent = notation(this.machine, us) || "–";
  }

  /** @param {number} us */
  look(us) {
    this.clock.seek(us);
  }

  /** @param {string | null} id @param {{look?: boolean, reveal?: boolean}} [options] */
  select(id, { look = false, reveal = true } = {}) {
    this.store.flush();
    this.selected = id;
    const event = this.chosen;
    this.timeline.select(event, reveal);
    this.editor.show(event);
    this.history.show(event);
    this.table.choose(id);
    this.#buttons(this.listed());
    this.#tell("select");
    if (event && look) this.look(this.clock.frames.firstFrom(event.onset_us));
  }

  /** A bar was pressed; the machine's stands for the coder's copy of it. @param {import("../lib/event-store.js").EventState} event @param {boolean} machine */
  choose(event, machine) {
    const copy = machine && !this.alone ? [...this.store.events.values()].find((own) => own.source === event.id) : event;
    if (copy) this.select(copy.id, { reveal: false });
  }

  /** @param {number} by */
  #move(by) {
    const listed = inside(this.listed(), data.layer.spans);
    if (!listed.length) return;
    const at = listed.findIndex((event) => event.id === this.selected);
    const after = listed.findIndex((event) => event.onset_us >= this.clock.timeUs);
    const next = at >= 0 ? at + by : by > 0 ? after : (after < 0 ? listed.length : after) - 1;
    this.select(listed[Math.min(Math.max(next, 0), listed.length - 1)].id, { look: true });
  }

  /** @param {import("../lib/event-store.js").EventState | null} event */
  #show(event) {
    if (event) this.select(event.id);
  }

  #connect() {
    const press = (/** @type {string} */ id, /** @type {() => void} */ act) => part(id)?.addEventListener("click", act);
    installStage(part("review"), this.clock);
    this.clock.onTick(({ timeUs, playing }) => {
      this.timeline.tick(timeUs, playing);
      this.#say();
      this.#tell("tick");
    });
    this.store.addEventListener("change", () => this.refresh());
    this.store.addEventListener("refused", (event) => this.#refused(/** @type {CustomEvent} */ (event).detail));
    press("event-previous", () => this.#move(-1));
    press("event-next", () => this.#move(1));
    press("undo", () => this.#show(this.store.undo()));
    press("redo", () => this.#show(this.store.redo()));
    press("zoom-in", () => this.timeline.zoom(0.6));
    press("zoom-out", () => this.timeline.zoom(1 / 0.6));
    press("zoom-all", () => this.timeline.showAll());
    press("zoom-event", () => { if (this.chosen) this.timeline.showEvent(this.chosen); });
    press("show-table", () => this.#showTable(part("events").hidden));
    press("show-timeline", () => this.#showTable(false));
    let table = false; // the timeline is drawn for its window and cannot be made larger: paper gets the table
    addEventListener("beforeprint", () => { table = !part("events").hidden; this.#showTable(true); });
    addEventListener("afterprint", () => this.#showTable(table));
    part("layer")?.addEventListener("change", () => { location.search = `?layer=${part("layer").value}`; });
    part("face")?.addEventListener("change", () => this.#openFace(Number(part("face").value)));
    installSaveStatus(part("save-status"), this.store, { editable: data.layer.editable });
    for (const id of ["sign-off", "submit-coding"]) if (part(id)) waitForSaving(part(id), this.store);
  }

  /** @param {number} face */
  async #openFace(face) {
    this.face = face;
    this.select(null);
    this.refresh();
    this.#tell("face");
    await this.timeline.openFace(face);
  }

  /** @param {boolean} on */
  #showTable(on) {
    part("events").hidden = !on;
    part("tracks").hidden = on;
    part("timeline").toggleAttribute("data-table", on);
    part("show-table").setAttribute("aria-pressed", String(on));
    part("show-timeline").setAttribute("aria-pressed", String(!on));
    if (on) this.table.draw(this.listed(), this.selected);
    else this.timeline.redraw();
  }

  /** @param {{error: any, edit: any, event: any}} detail */
  #refused({ error, edit, event }) {
    if (error.code === "conflict") {
      const who = edit?.refused?.latest?.author;
      toast(`${event.code} was changed in another window in the meantime${who ? `, by ${who}` : ""}. Your change of it was not stored: it is kept under “not stored”, and you now see the current state.`, { tone: "bad" });
    } else if (error.code === "follows") { // said already
    } else if (error.code === "signed") {
      toast("This coding was signed in the meantime and can no longer change. Your last change was not stored: it is kept under “not stored”.", { tone: "bad" });
    } else {
      toastError(error);
      if (error.code === "invalid") this.editor.say(error.message);
    }
  }
}

/** Parts of the page that only listen to the others. @type {((review: Review) => void)[]} */
const PARTS = [installTransport, installEventActions, installCodeLine, installLiveCoding, installPractice, installStageTools, installCard, installReason, installMeaning, installLayerHistory, installComments, installNotStored, installLiveLayer, installShortcuts];

const review = new Review(...await Promise.all([loadFrames(), layerQueue(data.urls.changes, data.user.id, data.layer.id)]));
installDrawer(review); // before the rows: it takes room from them
const { drawn } = await review.openRows();
for (const install of PARTS) install(review);
await Promise.all([review.open(), drawn]).catch(toastError);
jump(review);
document.documentElement.dataset.review = "ready"; // for tests and screenshots
