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
const markers = new LiveMarkers(root, { now: () => session?.mediaTime ?? 0, say: (text) => notice.say(text) });
const cameras = /** @type {HTMLSelectElement} */ (part("live-cameras"));
const microphones = /** @type {HTMLSelectElement | null} */ (part("live-microphones"));

/** idle → asking → ready → live → ending → done @param {string} state */
function setState(state) {
  root.dataset.state = state;
  for (const node of root.querySelectorAll("[data-in]")) {
    if (node instanceof HTMLElement) node.hidden = !(node.dataset.in ?? "").split(" ").includes(state);
  }
  cameras.disabled = state === "live" || state === "ending";
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
  notice.show({ tone: "neutral", title: "Ready", text: "This is only seen here. Recording begins when you begin the session." }, { now: true });
}

const wishedMicrophone = () => (microphones && microphones.value !== "none" ? microphones.value : null);

async function begin() {
  const stream = camera.stream;
  if (!stream) return;
  const button = part("live-begin");
  button.setAttribute("aria-busy", "true");
  try {
    const sound = stream.getAudioTracks().length > 0;
    const kind = recordingType(sound);
    if (!kind) throw new Error("This browser cannot record. Use a current Chrome, Edge, Firefox or Safari.");
    const addresses = await postJson(root.dataset.begin ?? "", { sound, kind });
    session = new LiveSession({ camera, addresses, kind, stream });
    wire(session);
    markers.open(addresses.markers);
    setState("live");
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

async function end() {
  if (!session) return;
  const own = session;
  const sure = await confirmDialog("End the session?", { detail: "The film becomes a recording of this participant.", action: "End the session", cancel: "Go on" });
  if (!sure || session !== own) return;
  setState("ending");
  notice.show({ tone: "active", title: "The film is being stored", text: "Stay on this page until everything has arrived." }, { now: true });
  try {
    const made = await own.end(markers.marks);
    markers.close();
    camera.close();
    session = null;
    face.clear();
    bars.clear();
    showRecording(made);
  } catch (error) {
    notice.show({ tone: "bad", title: "The session is not stored yet", text: error instanceof Error ? error.message : "" }, { now: true });
    setState("stuck");
  }
}

/** @param {{url: string, start_url: string, title: string, duration_us: number}} made */
function showRecording(made) {
  setState("done");
  part("live-made-title").textContent = `${made.title} · ${formatTime(made.duration_us)}`;
  part("live-made").querySelector("form")?.setAttribute("action", made.start_url);
  part("live-made-open").setAttribute("href", made.url);
  notice.show({ tone: "good", title: "The session is a recording", text: "Start its analysis: only that is coded and signed." }, { now: true });
}

async function throwAway() {
  if (!session) return;
  const own = session;
  const sure = await confirmDialog("Throw the session away?", { detail: "Everything that was recorded is deleted, here and on the server.", action: "Throw it away", danger: true });
  if (!sure) return;
  try {
    await own.throwAway();
    camera.close();
    markers.close();
    session = null;
    setState("idle");
    notice.show({ tone: "neutral", title: "Thrown away", text: "Nothing of this session is kept." }, { now: true });
  } catch (error) {
    toastError(error);
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
camera.addEventListener("lost", () => {
  if (session) session.cameraLost();
  else { setState("idle"); notice.show({ tone: "bad", title: "The camera was unplugged", text: "Plug it in, then open it again." }, { now: true }); }
});
addEventListener("beforeunload", (event) => { if (session) event.preventDefault(); });
addEventListener("online", () => session?.hurry());
addEventListener("resize", () => face.draw(performance.now()));
installLiveKeys(root);
installUnfinished(root);
root.hidden = false;
markers.close();
bars.clear();
setState("idle");
