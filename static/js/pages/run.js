/** The page of a run: keeps what moves up to date, and swaps the page's body when the state changes. */
import { updateLog, updateStages, watchRun } from "../components/run-progress.js";
import { request } from "../lib/http.js";

/** @type {Record<import("../components/run-progress.js").Connection, string>} */
const WORDS = {
  live: "Live",
  polling: "No live connection; looking every 2 s",
  away: "The server cannot be reached. The analysis goes on; this page tries again.",
  refused: "You can no longer see this run. Reload the page.",
  ended: "",
};

const status = document.getElementById("run-status");
let announced = "";

/** Read a sentence aloud, once. @param {string} sentence */
function announce(sentence) {
  if (!status || sentence === announced) return;
  announced = sentence;
  status.textContent = sentence;
}

/** @param {string | null} address */
function showStill(address) {
  const image = document.querySelector("[data-still]");
  if (!(image instanceof HTMLImageElement) || !address || image.getAttribute("src") === address) return;
  const next = new Image();
  next.addEventListener("load", () => {
    image.src = address;
    image.hidden = false;
    document.querySelector("[data-no-still]")?.remove();
  });
  next.src = address; // loaded first, so that the picture never blinks
}

/** @param {import("../components/run-progress.js").Progress | import("../components/run-progress.js").Snapshot} message */
function showProgress(message) {
  const list = document.querySelector("#run .stages");
  if (list) updateStages(list, message.stages);
  showStill(message.still);
  const active = message.stages.find((stage) => stage.state === "active");
  if (active) announce(`${active.name}.`);
}

/** Fetch the body of the page as it is now, and keep the place of the keyboard. */
async function swap() {
  const old = document.getElementById("run");
  if (!old) return;
  const open = old.querySelector("[data-log]")?.hasAttribute("open") ?? false;
  const html = await request("GET", location.href, { headers: { Accept: "text/html", "X-Partial": "run" } });
  const body = new DOMParser().parseFromString(html, "text/html").getElementById("run");
  if (!body) return location.reload();
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(document.adoptNode(body));
  body.querySelector("[data-log]")?.toggleAttribute("open", open);
  if (hadFocus) body.querySelector("h1")?.focus();
  document.dispatchEvent(new CustomEvent("htmx:afterSwap")); // the shared modules write local times again
}

/** @param {HTMLElement} root */
function watch(root) {
  let state = root.dataset.state ?? "";
  let stopping = root.querySelector("[data-cancel]:disabled") !== null;
  watchRun({
    socketPath: root.dataset.socket ?? "",
    snapshotUrl: root.dataset.snapshot ?? "",
    onProgress: showProgress,
    onSnapshot(snapshot) {
      if (snapshot.state !== state || snapshot.cancelling !== stopping) {
        state = snapshot.state;
        stopping = snapshot.cancelling;
        document.title = document.title.replace(/^[^:]+/, snapshot.label);
        announce(snapshot.error || `${snapshot.label}.`);
        swap().catch(() => location.reload());
        return;
      }
      showProgress(snapshot);
      const log = document.querySelector("#run .run-log");
      if (log) updateLog(log, snapshot.log);
    },
    onConnection(connection) {
      const note = document.querySelector("[data-connection]");
      if (note) note.textContent = WORDS[connection];
    },
  });
}

const root = document.getElementById("run");
if (root?.dataset.socket) watch(root);
