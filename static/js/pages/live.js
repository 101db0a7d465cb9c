/** The page of a live session: camera → (begin) → film, pictures, bars, markers → (end) → a recording. */
import { LiveBars } from "../components/live-bars.js";
import { LiveCamera, PROBLEMS, recordingType } from "../components/live-camera.js";
import { LiveFace } from "../components/live-face.js";
import { installLiveKeys } from "../components/live-keys.js";
import { LiveMarkers } from "../components/live-markers.js";
import { LiveNotice } from "../components/live-words.js";
import { LiveSession } from "../components/live-session.js";
import { installUnfinished } from "../components/live-unfinished.js";
import { confirmDialog } from "../lib/dialog.js";
import { postJson } from "../lib/http.js";
import { recall, remember } from "../lib/remembered.js";
import { formatTime } from "../lib/time.js";
import { toastError } from "../lib/toast.js";

const root = /** @type {HTMLElement} */ (document.getElementById("live"));
/** @template {HTMLElement} T @param {string} id @returns {T} */
const part = (id) => /** @type {T} */ (document.getElementById(id));
const read = (/** @type {string} */ id) => JSON.parse(part(id).textContent ?? "null");

const video = /** @type {HTMLVideoElement} */ (part("live-video"));
const camera = new LiveCamera(video);
const bars = new LiveBars(part("live-bars"), read("live-units"));
const face = new LiveFace(/** @type {HTMLCanvasElement} */ (part("live-mesh-canvas")), video, read("live-edges"));
const notice = new LiveNotice(part("live-notice"), part("live-spoken"));
/** @type {LiveSession | null} */ let session = null;
/** @type {WakeLockSentinel | null} */ let awake = null;
const markers = new LiveMarkers(root, { now: () => session?.mediaTime ?? 0, say: (text) => notice.say(text) });
const cameras = /** @type {HTMLSelectElement} */ (part("live-cameras"));
const microphones = /** @type {HTMLSelectElement | null} */ (part("live-microphones"));

/** idle → asking → ready → live → ending → done @param {string} state */
function setState(state) {
  root.dataset.state = state;
  if (state !== "live") awake?.release();
  for (const node of root.querySelectorAll("[data-in]")) {
    if (node instanceof HTMLElement) node.hidden = !(node.dataset.in ?? "").split(" ").includes(state);
  }
  cameras.disabled = state !== "ready";
  if (microphones) microphones.disabled = cameras.disabled;
}

/** @param {{camera?: string, microphone?: string | null}} wished */
async function openCamera(wished) {
  setState("asking");
  notice.show({ tone: "active", title: "The browser asks for the camera", text: "Allow it in the browser's own question. Nothing is recorded or sent before you begin." }, { now: true });
  try {
    await camera.open(wished);
  } catch (error) {
    setState("idle");
    const [title, text] = PROBLEMS[error instanceof Error ? error.name : ""] ?? ["The camera cannot be opened", error instanceof Error ? error.message : ""];
    notice.show({ tone: "bad", title, text }, { now: true });
    return;
  }
  await camera.list(cameras, microphones);
  setState("ready");
  const silent = wished.microphone !== null && !camera.hasSound ? " No microphone was found: the film will have no sound." : "";
  notice.show({ tone: silent ? "attention" : "neutral", title: "Ready", text: `This is only seen here. Recording begins when you begin the session.${silent}` }, { now: true });
}

const wishedMicrophone = () => (microphones && microphones.value !== "none" ? microphones.value : null);

async function begin() {
  const stream = camera.stream;
  if (!stream) return;
  const button = part("live-begin");
  button.setAttribute("aria-busy", "true");
  try {
    const sound = camera.hasSound;
    const kind = recordingType(sound);
    if (!kind) throw new Error("This browser cannot record. Use a current Chrome, Edge, Firefox or Safari.");
    const addresses = await postJson(root.dataset.begin ?? "", { sound, kind });
    session = new LiveSession({ camera, addresses, kind, stream });
    wire(session);
    markers.open(addresses.markers);
    setState("live");
    stayAwake();
    notice.show({ tone: "active", title: "The session begins", text: "The server makes itself ready." }, { now: true });
  } catch (error) {
    toastError(error);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** @param {LiveSession} own */
function wire(own) {
  own.addEventListener("answer", (event) => {
    const { said, points } = /** @type {CustomEvent} */ (event).detail;
    const now = performance.now();
    face.show(said, points, now);
    bars.show(said.aus, now);
    part("live-neutral-state").textContent = said.neutral ? (said.neutral.method === "chosen" ? "chosen by you" : "found by itself") : "not known yet";
    own.describe(said, notice);
  });
  own.addEventListener("silent", (event) => {
    face.clear();
    bars.clear();
    notice.show(/** @type {CustomEvent} */ (event).detail, { now: true });
  });
  own.addEventListener("over", (event) => {
    camera.close();
    markers.close();
    setState("idle");
    face.clear();
    bars.clear();
    notice.show(/** @type {CustomEvent} */ (event).detail, { now: true });
    session = null;
  });
  own.addEventListener("cameralost", () => { camera.close(); showFigures(own); setState("lost"); });
  own.addEventListener("figures", () => showFigures(own));
}

/** @param {LiveSession} own */
function showFigures(own) {
  face.draw(performance.now());
  const found = own.figures();
  part("live-clock").textContent = formatTime(own.mediaTime);
  part("live-rate").textContent = found ? `${found.rate.toFixed(1)} pictures/s` : "–";
  part("live-latency").textContent = found ? `${Math.round(found.p50)} ms, 95 % under ${Math.round(found.p95)} ms` : "–";
  part("live-lost").textContent = found ? `${found.lost} left out` : "–";
  part("live-film").textContent = own.filmWords;
}

/** A screen that goes dark takes a phone's camera with it; the browser lets go of this whenever the tab is hidden. */
async function stayAwake() {
  if (session && !document.hidden) await navigator.wakeLock?.request("screen").then((held) => { awake = held; }).catch(() => {});
}

async function end() {
  if (!session) return;
  const own = session;
  const sure = root.dataset.state === "stuck" || await confirmDialog("End the session?", { detail: "The film becomes a recording of this participant.", action: "End the session", cancel: "Go on" });
  if (!sure || session !== own) return;
  setState("ending");
  notice.show({ tone: "active", title: "The film is being stored", text: "Stay on this page until everything has arrived." }, { now: true });
  try {
    const made = await own.end(markers.marks);
    markers.close();
    session = null;
    face.clear();
    bars.clear();
    showRecording(made);
  } catch (error) {
    notice.show({ tone: "bad", title: "The session is not stored yet", text: error instanceof Error ? error.message : "" }, { now: true });
    setState("stuck");
  }
}

/** @param {{url: string, start_url: string, title: string, duration_us: number, whole: boolean}} made */
function showRecording(made) {
  setState("done");
  part("live-made-title").textContent = `${made.title} · ${formatTime(made.duration_us)}`;
  part("live-made").querySelector("form")?.setAttribute("action", made.start_url);
  part("live-made-open").setAttribute("href", made.url);
  if (made.whole) notice.show({ tone: "good", title: "The session is a recording", text: "Start its analysis: only that is coded and signed." }, { now: true });
  else notice.show({ tone: "attention", title: "What had arrived is a recording", text: "Its end is missing: the server took no more of the film." }, { now: true });
}

async function throwAway() {
  if (!session) return;
  const own = session;
  const sure = await confirmDialog("Throw the session away?", { detail: "Everything that was recorded is deleted, here and on the server.", action: "Throw it away", danger: true });
  if (!sure) return;
  try {
    await own.throwAway();
    markers.close();
    session = null;
    setState("idle");
    notice.show({ tone: "neutral", title: "Thrown away", text: "Nothing of this session is kept." }, { now: true });
  } catch (error) {
    notice.show({ tone: "bad", title: "The session is not thrown away yet", text: error instanceof Error ? error.message : "" }, { now: true });
    setState("stuck");
  }
}

/** @param {string} id @param {string} name @param {boolean} usual @param {(on: boolean) => void} act */
function toggle(id, name, usual, act) {
  const button = part(id);
  const set = (/** @type {boolean} */ on) => { button.setAttribute("aria-pressed", String(on)); act(on); face.draw(performance.now()); };
  set(recall(`live.${name}`, usual));
  button.addEventListener("click", () => { const on = button.getAttribute("aria-pressed") !== "true"; remember(`live.${name}`, on); set(on); });
}

part("live-open").addEventListener("click", () => openCamera({ microphone: microphones ? "" : null }));
part("live-begin").addEventListener("click", begin);
part("live-end").addEventListener("click", end);
part("live-again").addEventListener("click", end);
for (const button of root.querySelectorAll("[data-throw]")) button.addEventListener("click", throwAway);
part("live-neutral").addEventListener("click", () => session?.socket.wish("neutral"));
part("live-relearn").addEventListener("click", () => session?.socket.wish("relearn"));
toggle("live-mesh", "mesh", true, (on) => { face.mesh = on; });
toggle("live-mirror", "mirror", true, (on) => { face.mirrored = on; root.toggleAttribute("data-mirrored", on); });
for (const list of [cameras, microphones]) list?.addEventListener("change", () => openCamera({ camera: cameras.value, microphone: wishedMicrophone() }));
camera.addEventListener("devices", () => { if (camera.stream) camera.list(cameras, microphones); });
camera.addEventListener("lost", (event) => {
  const sound = /** @type {CustomEvent} */ (event).detail === "audio";
  if (session) session[sound ? "microphoneLost" : "cameraLost"]();
  else if (sound) openCamera({ camera: cameras.value, microphone: "" });
  else { setState("idle"); notice.show({ tone: "bad", title: "The camera was unplugged", text: "Plug it in, then open it again." }, { now: true }); }
});
addEventListener("beforeunload", (event) => { if (session) event.preventDefault(); });
document.addEventListener("visibilitychange", stayAwake);
addEventListener("online", () => session?.hurry());
addEventListener("resize", () => face.draw(performance.now()));
installLiveKeys(root);
installUnfinished(root);
root.hidden = false;
markers.close();
bars.clear();
setState("idle");
