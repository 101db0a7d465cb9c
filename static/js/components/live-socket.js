/** The socket of a live session: it comes back by itself, and brings the neutral face along that a worker found. */
import { readAnswer } from "../lib/live-wire.js";

const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 8000;
/** Close codes after which nobody need try again. @type {Record<number, string>} */
const FINAL = { 4401: "signed-out", 4403: "forbidden", 4404: "gone", 4410: "over" };

/**
 * @fires answer {said, points} @fires words {type, …} @fires state: connecting, open, away @fires refused: one of FINAL
 */
export class LiveSocket extends EventTarget {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #retryMs = FIRST_RETRY_MS;
  #stopped = false;
  /** What the last worker found, opaque to this page. @type {unknown} */ #neutral = null;

  /** @param {string} path */
  constructor(path) {
    super();
    this.path = path;
    this.#connect();
  }

  get isOpen() { return this.#socket?.readyState === WebSocket.OPEN; }

  /** Bytes that the browser holds because the network is slow. */
  get backlog() { return this.#socket?.bufferedAmount ?? 0; }

  /** @param {ArrayBuffer} message */
  send(message) {
    if (this.isOpen) this.#socket?.send(message);
  }

  /** @param {"neutral" | "relearn"} wish */
  wish(wish) {
    if (wish === "relearn") this.#neutral = null;
    if (this.isOpen) this.#socket?.send(JSON.stringify({ do: wish }));
  }

  /** Try at once, as when the network is back. */
  hurry() {
    if (this.#stopped || this.#socket) return;
    this.#retryMs = FIRST_RETRY_MS;
    this.#connect();
  }

  /** Begin anew: nothing comes, though the browser takes the connection for open, as after a change of networks. */
  again() {
    if (this.#stopped || !this.isOpen) return;
    const old = this.#socket;
    this.#socket = null;
    old?.close();
    this.#connect();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#tell("state", "connecting");
    const address = new URL(this.path, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => { if (this.#socket === socket) this.#hear(data); });
    socket.addEventListener("close", ({ code }) => {
      if (this.#socket !== socket) return; // another one took its place
      this.#socket = null;
      if (this.#stopped) return;
      if (FINAL[code]) {
        this.#stopped = true;
        this.#tell("refused", FINAL[code]);
        return;
      }
      this.#tell("state", "away");
      this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
    });
  }

  /** @param {ArrayBuffer | string} data */
  #hear(data) {
    if (this.#stopped) return;
    if (typeof data !== "string") {
      this.#tell("answer", readAnswer(data));
      return;
    }
    const words = JSON.parse(data);
    if (words.type === "hello") {
      this.#retryMs = FIRST_RETRY_MS;
      this.#socket?.send(JSON.stringify({ do: "begin", neutral: this.#neutral }));
      this.#tell("state", "open");
    } else if (words.type === "neutral") {
      this.#neutral = words.neutral;
    }
    this.#tell("words", words);
  }

  /** @param {string} type @param {unknown} detail */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
