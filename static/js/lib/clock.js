/**
 * The playhead. It always stands on a frame: the one that the video shows, or the one that it was asked to show.
 */

/**
 * @typedef {object} Tick
 * @property {number} timeUs when the frame came on screen, microseconds of media time
 * @property {number} frame its number, from 0
 * @property {boolean} playing
 * @typedef {HTMLVideoElement | null} Video
 */

export class VideoClock {
  /** @type {Set<(tick: Tick) => void>} */ #listeners = new Set();
  /** @type {number | null} the frame that was asked for and is not on screen yet */ #goal = null;
  #frame = 0;
  #reverse = { handle: 0, rate: 0 };
  /** @type {{startUs: number, endUs: number} | null} */ loop = null;

  /**
   * @param {Video} video null while the recording has none to play; the playhead moves all the same
   * @param {import("./frames.js").FrameTable} frames
   */
  constructor(video, frames) {
    this.video = video;
    this.frames = frames;
    if (!video) return;
    for (const type of ["play", "pause", "ratechange"]) video.addEventListener(type, () => this.#tell());
    video.addEventListener("seeked", () => this.#seeked());
    video.addEventListener("ended", () => this.#looped(Infinity));
    this.#watch();
  }

  get frame() {
    return this.#goal ?? this.#frame;
  }

  get timeUs() {
    return this.frames.timeOf(this.frame);
  }

  get playing() {
    return this.#reverse.rate > 0 || (this.video !== null && !this.video.paused && !this.video.ended);
  }

  /** How fast it plays or would play; below zero backwards. */
  get rate() {
    return this.#reverse.rate > 0 ? -this.#reverse.rate : this.video?.playbackRate ?? 1;
  }

  get reversing() {
    return this.#reverse.rate > 0;
  }

  /** Call a function now and at every new frame. @param {(tick: Tick) => void} listener */
  onTick(listener) {
    this.#listeners.add(listener);
    listener(this.tick);
  }

  /** @returns {Tick} */
  get tick() {
    return { timeUs: this.timeUs, frame: this.frame, playing: this.playing };
  }

  /** Show the frame that is on screen at a time. @param {number} us */
  seek(us) {
    this.seekFrame(this.frames.at(us));
  }

  /** Show a frame. While one seek is under way only the newest wish is remembered. @param {number} frame */
  seekFrame(frame) {
    this.#stopReverse();
    this.#go(frame);
  }

  /** Move by frames; the video pauses. @param {number} count */
  step(count) {
    this.pause();
    this.#go(this.frame + count);
  }

  play(rate = this.video?.playbackRate ?? 1) {
    this.#stopReverse();
    if (!this.video) return;
    this.video.playbackRate = rate;
    if (this.frame >= this.frames.length - 1) this.#go(this.loop ? this.frames.at(this.loop.startUs) : 0);
    // A pause that comes before playing has begun rejects the promise; that is no fault.
    this.video.play()?.catch((error) => { if (error.name !== "AbortError") throw error; });
  }

  pause() {
    this.#stopReverse();
    this.video?.pause();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Play backwards. Browsers cannot, so frames are asked for one after another. @param {number} rate */
  playBackwards(rate) {
    this.pause();
    this.#reverse.rate = rate;
    const began = { now: performance.now(), us: this.timeUs };
    const next = () => {
      if (this.#reverse.rate !== rate) return;
      const us = began.us - (performance.now() - began.now) * 1000 * rate;
      this.#go(this.frames.at(us));
      if (us <= 0) this.#stopReverse();
      else this.#reverse.handle = requestAnimationFrame(next);
    };
    this.#reverse.handle = requestAnimationFrame(next);
    this.#tell();
  }

  #stopReverse() {
    if (!this.#reverse.rate) return;
    cancelAnimationFrame(this.#reverse.handle);
    this.#reverse.rate = 0;
    this.#tell();
  }

  /** @param {number} frame */
  #go(frame) {
    const wanted = this.frames.clamp(frame);
    if (!this.video) {
      this.#frame = wanted;
    } else {
      const waiting = this.#goal !== null;
      this.#goal = wanted;
      if (!waiting) this.#ask();
    }
    this.#tell();
  }

  #ask() {
    if (this.video && this.#goal !== null) this.video.currentTime = this.frames.middleOf(this.#goal) / 1e6;
  }

  #seeked() {
    if (!this.video) return;
    const shown = this.frames.at(this.video.currentTime * 1e6);
    if (this.#goal !== null && shown !== this.#goal) {
      this.#ask();
      return;
    }
    this.#goal = null;
    this.#frame = shown;
    this.#tell();
  }

  #watch() {
    const video = this.video;
    if (!video) return;
    if (video.requestVideoFrameCallback) {
      const presented = (/** @type {number} */ _now, /** @type {VideoFrameCallbackMetadata} */ { mediaTime }) => {
        this.#presented(mediaTime * 1e6);
        video.requestVideoFrameCallback(presented);
      };
      video.requestVideoFrameCallback(presented);
      return;
    }
    const look = () => {
      if (!video.paused) this.#presented(video.currentTime * 1e6);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }

  /** @param {number} us */
  #presented(us) {
    if (this.#goal !== null) return; // a frame from before the seek
    const frame = this.frames.nearest(us);
    if (frame === this.#frame) return;
    this.#frame = frame;
    if (!this.#looped(this.frames.timeOf(frame))) this.#tell();
  }

  /** @param {number} us @returns {boolean} whether the video went back to the start of the loop */
  #looped(us) {
    if (!this.loop || !this.video || (us < this.loop.endUs && us >= this.loop.startUs)) return false;
    if (this.video.paused && us !== Infinity) return false;
    this.#go(this.frames.at(this.loop.startUs));
    if (us === Infinity) this.play();
    return true;
  }

  #tell() {
    const tick = this.tick;
    for (const listener of this.#listeners) listener(tick);
  }
}
