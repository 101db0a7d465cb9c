/** The film of a live session: recorded by the browser, handed on piece by piece. */

const PIECE_MS = 1000;
const BITS_A_SECOND = 2_500_000;

export class LiveRecorder extends EventTarget {
  #startedAt = 0;
  /** @type {number | null} */ #stoppedAt = null;
  /** @type {Promise<unknown>} */ #handed = Promise.resolve();

  /** @param {MediaStream} stream @param {string} type @param {(piece: Blob) => Promise<void>} take */
  constructor(stream, type, take) {
    super();
    this.recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: BITS_A_SECOND });
    this.recorder.addEventListener("start", () => { this.#startedAt = performance.now(); });
    this.recorder.addEventListener("dataavailable", ({ data }) => { this.#handed = this.#handed.then(() => take(data)); });
    this.recorder.addEventListener("stop", () => {
      this.#stoppedAt ??= performance.now();
      this.dispatchEvent(new Event("stop")); // also after an error, when the last piece was given
    });
    this.recorder.start(PIECE_MS);
    this.#startedAt = performance.now();
  }

  /** Media time of this moment, µs; the end of the film once it was stopped. */
  get now() { return ((this.#stoppedAt ?? performance.now()) - this.#startedAt) * 1000; }

  /** Stop; resolves when the last piece was handed on. */
  async stop() {
    this.#stoppedAt ??= performance.now(); // the browser says so a little later, and clocks would go on until then
    if (this.recorder.state !== "inactive") {
      await new Promise((resolve) => {
        this.recorder.addEventListener("stop", resolve, { once: true });
        this.recorder.stop();
      });
    }
    await this.#handed;
  }
}
