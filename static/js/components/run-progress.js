/**
 * Watching a run: a snapshot first, then a WebSocket; while the socket is gone, a poll every two seconds.
 */
import { element } from "../lib/dom.js";
import { HttpError, getJson } from "../lib/http.js";
import { icon } from "../lib/icon.js";

/**
 * @typedef {{key: string, name: string, state: "waiting"|"active"|"done"|"failed", value: number|null, max: number|null, note: string}} Stage
 * @typedef {{type: "progress", attempt: number, stages: Stage[], still: string|null}} Progress
 * @typedef {{type: "snapshot", run: string, state: string, label: string, attempt: number, active: boolean, cancelling: boolean,
 *   stages: Stage[], still: string|null, error: string, log: {at: string, text: string}[]}} Snapshot
 * @typedef {"live"|"polling"|"away"|"refused"|"ended"} Connection
 */

const POLL_MS = 2000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15_000;
const ENDED = 1000;
const REFUSED = [4401, 4403, 4404];
const ICONS = { done: "check", failed: "x", active: "dot", waiting: "circle" };

/**
 * Watch a run until it ends, or until `stop` is called.
 * @param {{socketPath: string, snapshotUrl: string, onSnapshot: (snapshot: Snapshot) => void, onProgress: (progress: Progress) => void,
 *   onConnection?: (connection: Connection) => void}} options
 * @returns {{stop: () => void}}
 */
export function watchRun({ socketPath, snapshotUrl, onSnapshot, onProgress, onConnection = () => {} }) {
  let stopped = false;
  let retryMs = FIRST_RETRY_MS;
  /** @type {WebSocket | null} */
  let socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pollTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retryTimer;

  /** @param {Connection} [last] */
  function stop(last) {
    if (stopped) return;
    stopped = true;
    clearTimeout(pollTimer);
    clearTimeout(retryTimer);
    socket?.close();
    if (last) onConnection(last);
  }

  /** @param {Snapshot} snapshot */
  function take(snapshot) {
    onSnapshot(snapshot);
    if (!snapshot.active) stop("ended");
  }

  async function poll() {
    clearTimeout(pollTimer);
    if (stopped || socket?.readyState === WebSocket.OPEN) return;
    try {
      const snapshot = await getJson(snapshotUrl);
      if (stopped) return;
      if (socket?.readyState !== WebSocket.CONNECTING) onConnection("polling"); // a first socket may still be on its way
      take(snapshot);
    } catch (error) {
      if (stopped) return;
      if (error instanceof HttpError && [401, 403, 404].includes(error.status)) return stop("refused");
      onConnection("away");
    }
    if (!stopped) pollTimer = setTimeout(poll, POLL_MS);
  }

  function connect() {
    if (stopped) return;
    const address = new URL(socketPath, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(address);
    socket.addEventListener("message", ({ data }) => {
      if (stopped) return;
      const message = JSON.parse(data);
      retryMs = FIRST_RETRY_MS;
      onConnection("live");
      if (message.type === "snapshot") take(message);
      else if (message.type === "progress") onProgress(message);
    });
    socket.addEventListener("close", ({ code }) => {
      if (stopped) return;
      if (REFUSED.includes(code)) return stop("refused");
      if (code === ENDED) return void poll();
      void poll();
      retryTimer = setTimeout(connect, retryMs);
      retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
    });
  }

  void poll();
  connect();
  return { stop: () => stop() };
}

/**
 * Bring a list made by components/stages.html up to date; elements are kept, so bars move instead of jumping.
 * @param {Element} list the <ol class="stages">
 * @param {Stage[]} stages
 */
export function updateStages(list, stages) {
  for (const stage of stages) {
    const row = list.querySelector(`[data-stage="${CSS.escape(stage.key)}"]`);
    if (!(row instanceof HTMLElement)) continue;
    if (row.dataset.state !== stage.state) {
      row.dataset.state = stage.state;
      row.toggleAttribute("aria-current", stage.state === "active");
      if (stage.state === "active") row.setAttribute("aria-current", "step");
      row.querySelector("svg")?.replaceWith(icon(ICONS[stage.state]));
      const hidden = row.querySelector(".stage__name .visually-hidden");
      if (hidden) hidden.textContent = ` (${stage.state})`;
    }
    const bar = row.querySelector("progress");
    if (bar) {
      bar.max = stage.max ?? 1;
      if (stage.state === "done") bar.value = bar.max;
      else if (stage.state !== "active") bar.value = stage.value ?? 0;
      else if (stage.value === null) bar.removeAttribute("value");
      else bar.value = stage.value;
    }
    const note = row.querySelector(".stage__note");
    if (note && note.textContent !== stage.note) note.textContent = stage.note;
  }
}

/**
 * Add the lines that the log does not show yet.
 * @param {Element} list
 * @param {{at: string, text: string}[]} lines
 */
export function updateLog(list, lines) {
  const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
  for (const line of lines.slice(list.children.length)) {
    const time = element("time", { datetime: line.at, "data-local": true }, format.format(new Date(line.at)));
    list.append(element("li", {}, time, " ", element("span", {}, line.text)));
  }
}
