/**
 * One file on its way: its row on the page and its state.
 *
 * waiting → sending → checking → done | refused;  sending ⇄ paused;  sending → stopped (network, full disk) → sending
 */
import { confirmDialog } from "../lib/dialog.js";
import { element, showServerHtml } from "../lib/dom.js";
import { csrfToken, request } from "../lib/http.js";
import { icon } from "../lib/icon.js";
import { Rate, formatBytes, formatLeft } from "./upload-rate.js";

/** What a broken connection costs at most; the server syncs each piece to its disk before it answers. */
const PIECE_BYTES = 8 * 1024 * 1024;
/** Hashing needs the file in memory, so only small files are checked as a whole. */
const HASH_UP_TO = 64 * 1024 * 1024;
const RETRY_DELAYS_MS = [0, 1000, 3000, 5000, 10_000, 20_000, 30_000, 30_000];

/** @type {Record<string, [string, string]>} state → tone and label of the chip */
const CHIPS = {
  waiting: ["neutral", "Waiting"], sending: ["active", "Uploading"], paused: ["attention", "Paused"],
  stopped: ["attention", "Interrupted"], checking: ["active", "Checking"], done: ["good", "Uploaded"], refused: ["bad", "Not accepted"],
};
/** @type {Record<string, string[]>} state → buttons */
const BUTTONS = {
  waiting: ["cancel"], sending: ["pause", "cancel"], paused: ["resume", "cancel"], stopped: ["retry", "cancel"],
  checking: [], done: [], refused: ["remove"],
};

export class UploadItem extends EventTarget {
  /** @param {File} file @param {{endpoint: string, maxBytes: number, maxText: string}} settings */
  constructor(file, { endpoint, maxBytes, maxText }) {
    super();
    this.file = file;
    this.state = "waiting";
    this.rate = new Rate();
    this._build();
    if (file.size > maxBytes) this._refuse(`This file has ${formatBytes(file.size)}; at most ${maxText} are accepted. Cut it into parts.`);
    else if (file.size === 0) this._refuse("This file is empty. Choose a video file.");
    else this._prepare(endpoint);
  }

  /** Whether leaving the page would interrupt it. */
  get isUnderway() { return ["waiting", "sending", "paused", "stopped", "checking"].includes(this.state); }

  get isActive() { return ["sending", "checking"].includes(this.state); }

  _build() {
    this.bar = element("progress", { max: "100", value: "0", "aria-label": `Upload of ${this.file.name}` });
    this.chip = element("span", { class: "chip chip--status", role: "status" });
    this.note = element("p", { class: "upload__note tabular" });
    this.result = element("div", { class: "upload__result" });
    /** @type {Record<string, HTMLButtonElement>} */
    this.buttons = Object.fromEntries([
      ["pause", "Pause", "pause", () => this.pause()], ["resume", "Continue", "play", () => this.resume()],
      ["retry", "Continue", "refresh", () => this.resume()], ["cancel", "Cancel", "x", () => this.cancel()],
      ["remove", "Remove", "x", () => this._end()],
    ].map(([name, label, picture, run]) => {
      const button = element("button", { class: "button button--quiet", type: "button", "aria-label": `${label}: ${this.file.name}` },
        icon(picture, "s"), label);
      button.addEventListener("click", run);
      return [name, button];
    }));
    this.node = element("li", { class: "panel upload" },
      element("div", { class: "upload__head" },
        element("div", { class: "upload__name" }, element("strong", {}, this.file.name), element("span", { class: "quiet small" }, formatBytes(this.file.size))),
        this.chip, element("div", { class: "upload__buttons" }, ...Object.values(this.buttons))),
      this.bar, this.note, this.result);
    this._show("waiting");
  }

  /** @param {string} endpoint */
  _prepare(endpoint) {
    this.upload = new tus.Upload(this.file, {
      endpoint,
      chunkSize: PIECE_BYTES,
      retryDelays: RETRY_DELAYS_MS,
      removeFingerprintOnSuccess: true,
      headers: { "X-CSRFToken": csrfToken() },
      metadata: { filename: this.file.name },
      onShouldRetry: (error) => this._shouldRetry(error),
      onUploadUrlAvailable: () => this.dispatchEvent(new CustomEvent("known", { detail: new URL(this.upload.url, location.href).pathname })),
      onProgress: (sent, total) => this._progress(sent, total),
      onSuccess: () => this._found(),
      onError: (error) => this._failed(error),
    });
  }

  /** Begin, or continue what an earlier visit left unfinished. */
  async start() {
    this._show("sending", "Starting…");
    if (this.upload.url === null) {
      const [hash, earlier] = await Promise.all([sha256(this.file), this.upload.findPreviousUploads()]);
      if (this.state !== "sending") return; // paused or cancelled meanwhile
      if (hash) this.upload.options.metadata.sha256 = hash;
      const last = earlier.sort((a, b) => Date.parse(b.creationTime) - Date.parse(a.creationTime))[0];
      if (last) this.upload.resumeFromPreviousUpload(last);
    }
    this.upload.start();
  }

  async pause() {
    this._show("paused", this.note.textContent);
    await this.upload.abort();
  }

  resume() {
    this.rate.reset();
    this._show("waiting", "Waiting for its turn");
  }

  async cancel() {
    const sure = this.state === "waiting" && this.upload.url === null
      || await confirmDialog(`Cancel the upload of ${this.file.name}?`, { detail: "What has arrived is deleted.", action: "Cancel the upload", cancel: "Keep uploading", danger: true });
    if (!sure || !this.isUnderway || this.state === "checking") return;
    this._show("paused", "Cancelling…");
    try {
      await this.upload.abort(true);
    } catch (error) {
      this._show("stopped", `${sentenceOf(error)} The upload was not cancelled.`);
      return;
    }
    this._end();
  }

  _end() {
    this.state = "gone";
    this.node.remove();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {number} sent @param {number} total */
  _progress(sent, total) {
    if (this.state !== "sending" && this.state !== "checking") return;
    this.rate.add(sent);
    this.bar.value = total ? 100 * sent / total : 0;
    if (sent >= total) {
      this._show("checking", "Everything has arrived. The server reads the file.");
      return;
    }
    const parts = [`${formatBytes(sent)} of ${formatBytes(total)}`];
    if (this.rate.perSecond > 0) parts.push(`${formatBytes(this.rate.perSecond)}/s`, formatLeft(this.rate.secondsFor(total - sent)));
    this._show("sending", parts.join(" · "));
  }

  /** A lost network, a busy lock and a failing server pass; a refusal does not. @param {any} error */
  _shouldRetry(error) {
    const status = error.originalResponse?.getStatus() ?? 0;
    const passes = status === 0 || status === 409 || status === 423 || status === 460 || (status >= 500 && status !== 507);
    const said = status === 503 && isText(error) ? sentenceOf(error) : "The connection was lost. It is tried again by itself.";
    if (passes && status !== 409) this._show("sending", said);
    return passes;
  }

  /** @param {any} error */
  _failed(error) {
    const status = error.originalResponse?.getStatus() ?? 0;
    if (status >= 400 && status < 500 && ![401, 403, 404, 423].includes(status) || isRefusal(error)) this._refuse(sentenceOf(error));
    else this._show("stopped", sentenceOf(error));
  }

  /** Fetch what the server found and show it. */
  async _found() {
    this._show("checking", "Everything has arrived. The server reads the file.");
    try {
      const html = await request("GET", this.upload.url, { headers: { Accept: "text/html" } });
      showServerHtml(this.result, html);
      if (this.result.querySelector(".found")) this._show("done", "");
      else this._refuse(this.result.textContent.trim());
    } catch (error) {
      this._show("stopped", error.message);
    }
  }

  /** @param {string} sentence */
  _refuse(sentence) {
    this.result.replaceChildren();
    this._show("refused", sentence);
  }

  /** @param {string} state @param {string | null} [note] */
  _show(state, note = "") {
    const changed = state !== this.state || !this.chip.textContent;
    this.state = state;
    this.note.textContent = note;
    this.note.hidden = !note;
    if (!changed) return;
    const [tone, label] = CHIPS[state];
    this.node.dataset.state = state;
    this.chip.dataset.tone = tone;
    this.chip.toggleAttribute("data-live", this.isActive);
    this.chip.textContent = label;
    this.bar.hidden = state === "done" || state === "refused";
    const focused = document.activeElement;
    for (const [name, button] of Object.entries(this.buttons)) button.hidden = !BUTTONS[state].includes(name);
    if (focused instanceof HTMLElement && focused.hidden && this.node.contains(focused)) {
      Object.values(this.buttons).find((button) => !button.hidden)?.focus(); // the keyboard stays where it was
    }
    this.dispatchEvent(new Event("change"));
  }
}

/** A sentence that the server wrote about this file, such as a missing consent. @param {any} error */
function isRefusal(error) {
  const status = error.originalResponse?.getStatus();
  return status === 403 && isText(error);
}

/** @param {any} error */
const isText = (error) => (error.originalResponse?.getHeader("Content-Type") ?? "").startsWith("text/plain");

/** @param {any} error @returns {string} what happened, what is safe, what to do */
function sentenceOf(error) {
  const status = error.originalResponse?.getStatus() ?? 0;
  const body = error.originalResponse?.getBody();
  if (body && isText(error)) return body;
  if (status === 0) return "The server cannot be reached. What has arrived is safe; it continues when the connection is back.";
  if ([401, 403, 404, 405].includes(status)) return "You are signed out, or may not upload here any more. Sign in again, reload this page and choose the same file: it continues where it stopped.";
  return "The server failed. What has arrived is safe; continue in a moment.";
}

/** @param {File} file @returns {Promise<string>} hexadecimal; empty for large files and where browsers do not allow it */
async function sha256(file) {
  if (file.size > HASH_UP_TO || !globalThis.crypto?.subtle) return "";
  try {
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch {
    return ""; // a file that changes or vanishes meanwhile fails while it is sent, with its own sentence
  }
}
