/** One open session: pictures out and answers in, the film, and what stands between them when something is away. */
import { FilmSender } from "../lib/film-sender.js";
import { FilmShelf } from "../lib/film-shelf.js";
import { HttpError, postJson, request } from "../lib/http.js";
import { Pace, packPicture } from "../lib/live-wire.js";
import { LiveRecorder } from "./live-recorder.js";
import { LiveSocket } from "./live-socket.js";
import { lockOf } from "./live-unfinished.js";
import { wordsOf } from "./live-words.js";

const PICTURES_A_SECOND = 15;
/** One is looked at, one waits for its turn, and one takes that one's place should it grow old. */
const AT_ONCE = 3;
const FIGURES_MS = 500;
const SILENT_MS = 2500;
/** So much of the film (a quarter of a minute) waits before it is worth a word. */
const BEHIND_BYTES = 5_000_000;
/** A worker that loads its nets is ready before. */
const BUSY_MS = 15_000;
/** After so long without an answer the connection is begun anew: it may be dead without the browser's knowing. */
const DEAD_MS = 12_000;
/** More than this in the socket's own buffer means a slow network: pictures would grow old in it. */
const BACKLOG_BYTES = 150_000;

/** @type {Record<string, {tone: string, title: string, text: string}>} */
const ENDS = {
  "signed-out": { tone: "bad", title: "You are signed out", text: "Sign in and open this page again: what was recorded is kept, and the page offers to make a recording of it." },
  forbidden: { tone: "bad", title: "Your role does not allow this any more", text: "What was recorded is safe on the server." },
  gone: { tone: "bad", title: "This session does not exist any more", text: "Its participant may have been deleted." },
  over: { tone: "bad", title: "The session has ended", text: "" },
  withdrawn: { tone: "bad", title: "Consent was withdrawn: the session has ended", text: "The camera is off, and what had been recorded was deleted." },
  lost: { tone: "attention", title: "The session was taken for lost", text: "What had arrived is a recording of this participant." },
  person: { tone: "attention", title: "The session was ended elsewhere", text: "What had arrived is a recording of this participant." },
  thrown: { tone: "attention", title: "The session was thrown away elsewhere", text: "" },
};

/** @fires answer @fires silent words of why nothing is said @fires over words @fires figures @fires cameralost */
export class LiveSession extends EventTarget {
  #shelf = new FilmShelf();
  #pace = new Pace(AT_ONCE);
  #number = 0;
  #stopped = false;
  #grabbing = false;
  #lastPicture = -Infinity;
  /** When the camera last gave a picture, sent or not. */ #lastFrame = performance.now();
  #lastAnswer = performance.now();
  #openedAt = performance.now();
  #heard = false;
  #trouble = "";
  #connection = "connecting";
  #why = "";
  /** @type {Record<string, string> | null} why there is no film any more, while figures go on */ #filmEnded = null;
  /** @type {ReturnType<typeof setInterval>[]} */ #timers = [];
  /** @type {(value?: unknown) => void} */ #letGo = () => {};

  /** @param {{camera: import("./live-camera.js").LiveCamera, addresses: Record<string, string>, kind: string, stream: MediaStream}} options */
  constructor({ camera, addresses, kind, stream }) {
    super();
    this.camera = camera;
    this.addresses = addresses;
    this.sender = new FilmSender({ session: addresses.id, url: addresses.film, shelf: this.#shelf });
    this.recorder = new LiveRecorder(stream, kind, (piece) => this.sender.add(piece));
    this.recorder.addEventListener("stop", () => {
      if (this.#stopped) return;
      if (stream.getVideoTracks().every((track) => track.readyState === "ended")) this.cameraLost();
      else this.#filmStopped();
    });
    // Held as long as this page lives, however it ends: other tabs see that the session goes on here.
    navigator.locks?.request(lockOf(addresses.id), () => new Promise((resolve) => { this.#letGo = resolve; }));
    this.began = performance.now();
    this.socket = new LiveSocket(addresses.socket);
    this.socket.addEventListener("answer", (event) => this.#answered(/** @type {CustomEvent} */ (event).detail));
    this.socket.addEventListener("words", (event) => this.#words(/** @type {CustomEvent} */ (event).detail));
    this.socket.addEventListener("state", (event) => this.#state(/** @type {CustomEvent} */ (event).detail));
    this.socket.addEventListener("refused", (event) => this.#refused(/** @type {CustomEvent} */ (event).detail));
    this.#watchPictures();
    // A hidden tab gets no pictures of its own video; timers still come, once a second.
    this.#timers = [setInterval(() => { if (document.hidden) this.#grab(); }, 250), setInterval(() => this.#tick(), FIGURES_MS)];
  }

  /** µs of the film. */
  get mediaTime() { return this.recorder.now; }

  figures() { return this.#pace.figures(performance.now()); }

  get filmWords() {
    const { waitingBytes, acknowledged, stalled, failure } = this.sender;
    const safe = `${(acknowledged / 1e6).toFixed(1)} MB safe`;
    if (failure) return `${safe}; ${failure.message}`;
    if (stalled) return `${safe}, ${(waitingBytes / 1e6).toFixed(1)} MB wait here for the server`;
    return safe;
  }

  /** @param {import("../lib/live-wire.js").Said} said @param {import("./live-words.js").LiveNotice} notice */
  describe(said, notice) {
    const film = this.#filmWrong();
    if (film) notice.show(film, { now: true });
    else if (document.hidden) notice.show({ tone: "attention", title: "This tab is hidden", text: "The browser slows it down: few pictures are looked at. The film is recorded in full." }, { now: true });
    else notice.show(wordsOf(said));
  }

  hurry() {
    this.socket.hurry();
    this.sender.hurry();
  }

  cameraLost() {
    if (this.#stopped) return;
    this.#stopPictures();
    this.recorder.stop(); // with a microphone it would record on, without a picture
    this.dispatchEvent(new Event("cameralost"));
    this.#silent({ tone: "bad", title: "The camera was unplugged", text: "End the session to keep what was recorded, then plug the camera in and begin another." });
  }

  microphoneLost() {
    this.#silent({ tone: "attention", title: "The microphone was unplugged", text: "The film goes on without sound." });
  }

  #filmStopped() {
    this.#filmEnded = { tone: "bad", title: "The browser has stopped recording", text: "What was recorded until now is safe. End the session to keep it, then begin another." };
    this.#silent(this.#filmEnded);
  }

  /** What must be said of the film before anything else. @returns {any} null: it is stored */
  #filmWrong() {
    const { failure } = this.sender;
    if (failure) return { tone: "bad", title: "The film is not stored any more", text: `${failure.message} End the session; what arrived before can be made a recording.` };
    if (this.sender.stalled && this.sender.waitingBytes > BEHIND_BYTES && this.#connection === "open") return { tone: "attention", title: "The server takes no film at this moment", text: "Its disk may be full. What is recorded waits in this browser and is sent by itself; keep this page open." };
    return this.#filmEnded;
  }

  /** @param {unknown[]} marks @returns {Promise<any>} the recording that was made */
  async end(marks) {
    this.#stopPictures();
    await this.recorder.stop();
    this.camera.close();
    const whole = await this.#arrived();
    const made = await patient(() => postJson(this.addresses.end, whole ? { bytes: this.sender.made, marks } : { marks }));
    this.#close();
    await this.#shelf.clear(this.addresses.id);
    return { ...made, whole };
  }

  /** Wait for the film. @returns {Promise<boolean>} whether all of it arrived; a part, where the server takes no more */
  async #arrived() {
    try {
      await this.sender.drained();
      return true;
    } catch (error) {
      if (!this.sender.acknowledged) throw error;
      return false;
    }
  }

  async throwAway() {
    this.#stopPictures();
    await this.recorder.stop();
    this.camera.close();
    await this.sender.halt(); // an upload cannot be deleted while a piece of it is being written
    try {
      await request("POST", this.addresses.throw_away);
    } catch (error) {
      this.sender.resume();
      throw error;
    }
    this.#close();
    await this.#shelf.clear(this.addresses.id);
  }

  // --- pictures ------------------------------------------------------------------------------------------------

  #watchPictures() {
    const { video } = this.camera;
    const each = () => {
      if (this.#stopped) return;
      this.#lastFrame = performance.now();
      this.#grab();
      if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(each);
      else setTimeout(each, 1000 / PICTURES_A_SECOND);
    };
    each();
  }

  async #grab() {
    const now = performance.now();
    // A little early is in time: a camera's pictures come every 33 ms, give or take.
    if (this.#stopped || this.#grabbing || now - this.#lastPicture < 1000 / PICTURES_A_SECOND - 8 || !this.socket.isOpen) return;
    this.#lastPicture = now;
    if (!this.#pace.mayTake(now) || this.socket.backlog > BACKLOG_BYTES) return this.#pace.heldBack(now);
    this.#grabbing = true;
    try {
      const picture = await this.camera.picture();
      if (!picture || this.#stopped || !this.socket.isOpen) return;
      this.#pace.sent(++this.#number, now);
      this.socket.send(packPicture(this.#number, (now - this.began) * 1000, picture));
    } catch {
      // a device that is just going away gives none
    } finally {
      this.#grabbing = false;
    }
  }

  /** @param {{said: import("../lib/live-wire.js").Said, points: Float32Array | null}} answer */
  #answered(answer) {
    const now = performance.now();
    if (!this.#pace.answered(answer.said.n, now) || this.#stopped) return;
    this.#lastAnswer = now;
    this.#heard = true;
    this.#trouble = "";
    this.dispatchEvent(new CustomEvent("answer", { detail: answer }));
  }

  // --- what is away ----------------------------------------------------------------------------------------------

  /** @param {any} words */
  #words(words) {
    if (words.type === "passed") this.#pace.passed(words.number, performance.now());
    if (words.type === "trouble") this.#trouble = words.why;
    if (words.type === "fine") this.#trouble = "";
    if (words.type === "over") this.#why = words.why;
    if (words.type === "trouble") this.#silent({ tone: "attention", title: "No figures at this moment", text: words.why });
    if (words.type === "no_neutral") this.#silent({ tone: "attention", title: "No face was seen at that moment", text: "Look at the camera and press N again. What was neutral before stays." });
    if (words.type === "worker" && words.taken_up) this.#silent({ tone: "active", title: "Another worker takes over", text: "The neutral face is kept; figures come back in a moment." });
  }

  /** @param {string} state */
  #state(state) {
    this.#connection = state;
    if (state === "away") {
      this.#pace.cut(performance.now());
      this.#silent({ tone: "attention", title: "Reconnecting", text: "The server cannot be reached. The film is recorded here and sent as soon as it is back." });
    } else if (state === "open") {
      this.#openedAt = performance.now();
      this.#pace.cut(this.#openedAt);
      this.#trouble = "";
      this.sender.hurry();
    }
  }

  /** @param {string} how */
  async #refused(how) {
    const words = ENDS[this.#why] ?? ENDS[how];
    this.#stopPictures();
    await this.recorder.stop();
    this.#close();
    if (how === "over" || how === "gone") await this.#shelf.clear(this.addresses.id);
    this.dispatchEvent(new CustomEvent("over", { detail: words }));
  }

  #tick() {
    this.dispatchEvent(new Event("figures"));
    const now = performance.now();
    const silent = now - Math.max(this.#lastAnswer, this.#openedAt);
    if (this.#stopped || silent < SILENT_MS || this.#connection !== "open" || document.hidden) return;
    const film = this.#filmWrong();
    if (film) return this.#silent(film);
    if (now - this.#lastFrame > SILENT_MS) return this.#silent({ tone: "attention", title: "The camera gives no picture", text: "Another program may have taken it, or its cover is closed. The recording goes on." });
    if (silent > DEAD_MS) return this.socket.again();
    if (this.#trouble) return;
    if (!this.#heard && now - this.#lastAnswer < BUSY_MS) this.#silent({ tone: "active", title: "Waiting for the first figures", text: "A worker makes itself ready; the film is recorded already." });
    else this.#silent({ tone: "active", title: "The server is busy", text: "No answer came for a while. The film is recorded; figures come back by themselves." });
  }

  /** @param {{tone: string, title: string, text: string}} words */
  #silent(words) {
    this.dispatchEvent(new CustomEvent("silent", { detail: words }));
  }

  #stopPictures() {
    this.#stopped = true;
  }

  #close() {
    this.#letGo();
    this.#timers.forEach(clearInterval);
    this.socket.stop();
  }
}

/** Ask again where only the way is broken. @template T @param {() => Promise<T>} ask @returns {Promise<T>} */
export async function patient(ask) {
  for (let wait = 500; ; wait = Math.min(2 * wait, 8000)) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof HttpError) || (error.status !== 0 && error.status < 500)) throw error;
      await new Promise((resolve) => { setTimeout(resolve, wait); });
    }
  }
}
