/** The picture in its box: zoomed and moved by wheel, drag, keys, or so that it follows the face. Whatever lies over it listens to `view`. */
import { following, fitted, limited, WHOLE, zoomed } from "../lib/stage-view.js";

const STEP = 1.25;
const MOVED_PX = 4; // less is a click
const FILL = 0.72;

export class StageView extends EventTarget {
  view = WHOLE;
  isFollowing = false;
  fill = FILL;
  /** @type {import("../lib/places.js").Place | null} */ place = null;

  /** @param {HTMLElement} screen @param {HTMLVideoElement} video @param {{width: number, height: number}} size of the picture */
  constructor(screen, video, size) {
    super();
    this.screen = screen;
    this.video = video;
    this.picture = size;
    this.box = { width: 1, height: 1 };
    this.fit = fitted(this.picture, this.box);
    new ResizeObserver(() => this.#measure()).observe(screen);
    video.addEventListener("loadedmetadata", () => this.#measure());
    this.#pointer();
    this.#measure();
  }

  #measure() {
    if (!this.picture.width && this.video.videoWidth) this.picture = { width: this.video.videoWidth, height: this.video.videoHeight };
    this.box = { width: this.screen.clientWidth || 1, height: this.screen.clientHeight || 1 };
    this.fit = fitted({ width: this.picture.width || 16, height: this.picture.height || 9 }, this.box);
    this.#apply(this.view);
  }

  /** @param {import("../lib/stage-view.js").View} view */
  #apply(view) {
    if (this.isFollowing && this.place) {
      const { viewX: x, viewY: y, viewSize: size } = this.place;
      this.view = following({ x, y, size }, this.fit, this.box, this.fill);
    } else {
      this.view = limited(view, this.fit, this.picture, this.box);
    }
    const { zoom, x, y } = this.view;
    this.video.style.setProperty("transform", `translate(${x}px, ${y}px) scale(${zoom})`);
    this.dispatchEvent(new Event("view"));
  }

  /** The playhead is elsewhere. @param {import("../lib/places.js").Place | null} place */
  show(place) {
    this.place = place;
    this.#apply(this.view);
  }

  /** @param {boolean} on */
  follow(on) {
    this.isFollowing = on;
    this.#apply(on ? this.view : WHOLE);
    this.dispatchEvent(new Event("mode"));
  }

  /** @param {number} factor @param {import("../lib/stage-view.js").Point} [at] */
  zoom(factor, at = { x: this.box.width / 2, y: this.box.height / 2 }) {
    if (this.isFollowing) {
      this.fill = Math.min(Math.max(this.fill * factor, 0.2), 4);
      this.#apply(this.view);
    } else this.#apply(zoomed(this.view, factor, at));
  }

  whole() {
    this.fill = FILL;
    this.view = WHOLE;
    if (this.isFollowing) this.follow(false);
    else this.#apply(WHOLE);
  }

  larger() {
    this.zoom(STEP);
  }

  smaller() {
    this.zoom(1 / STEP);
  }

  #pointer() {
    const { screen, video } = this;
    screen.addEventListener("wheel", (event) => {
      event.preventDefault();
      const corner = screen.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), { x: event.clientX - corner.left, y: event.clientY - corner.top });
    }, { passive: false });
    /** @type {{id: number, x: number, y: number, view: import("../lib/stage-view.js").View, moved: boolean} | null} */ let drag = null;
    video.addEventListener("pointerdown", (event) => {
      if (event.button === 0) drag = { id: event.pointerId, x: event.clientX, y: event.clientY, view: this.view, moved: false };
    });
    video.addEventListener("pointermove", (event) => {
      if (!drag || drag.id !== event.pointerId || this.view.zoom <= 1.001) return;
      const x = event.clientX - drag.x;
      const y = event.clientY - drag.y;
      if (!drag.moved && Math.hypot(x, y) < MOVED_PX) return;
      if (!drag.moved) {
        drag.moved = true;
        video.setPointerCapture(event.pointerId);
        screen.dataset.panning = "";
        if (this.isFollowing) {
          this.isFollowing = false; // whoever moves the picture wants it to stay
          this.dispatchEvent(new Event("mode"));
        }
      }
      this.#apply({ ...drag.view, x: drag.view.x + x, y: drag.view.y + y });
    });
    const end = () => {
      if (drag?.moved) video.addEventListener("click", (event) => event.stopImmediatePropagation(), { capture: true, once: true });
      setTimeout(() => { drag = null; });
      delete screen.dataset.panning;
    };
    video.addEventListener("pointerup", end);
    video.addEventListener("pointercancel", () => { drag = null; delete screen.dataset.panning; });
  }
}
