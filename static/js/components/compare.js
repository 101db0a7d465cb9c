/** The neutral face over the current frame, laid so that the eyes meet; a divider says how much of it is seen, or the two take turns. */
import { line, similarity, toScreen } from "../lib/stage-view.js";
import { formatTime } from "../lib/time.js";

const STEP = 2;
const TURN_MS = 700;
const RIGHT_EYE = [33, 133];
const LEFT_EYE = [362, 263];
const METHODS = { automatic: "found automatically", chosen: "chosen", borrowed: "from another recording" };

/** @param {number[]} points @param {number[]} of */
const middle = (points, of) => ({
  x: of.reduce((sum, index) => sum + points[2 * index], 0) / of.length,
  y: of.reduce((sum, index) => sum + points[2 * index + 1], 0) / of.length,
});

/** The middles of both eyes. @param {number[]} points @returns {[import("../lib/stage-view.js").Point, import("../lib/stage-view.js").Point]} */
export const eyesOf = (points) => [middle(points, RIGHT_EYE), middle(points, LEFT_EYE)];

/** What the mesh's points say of a face as a whole, as far as a stored place says it, too. @param {number[]} points */
export function placeOf(points) {
  const x = points.filter((_, index) => index % 2 === 0 && index < 936);
  const y = points.filter((_, index) => index % 2 === 1 && index < 936);
  const [left, right, top, bottom] = [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
  const [one, other] = eyesOf(points);
  return { x: (left + right) / 2, y: (top + bottom) / 2, size: Math.max(right - left, bottom - top), roll: (Math.atan2(other.y - one.y, other.x - one.x) * 180) / Math.PI };
}

export class Compare {
  isOn = false;
  mode = "split";
  share = 50;
  #turns = 0;

  /** @param {HTMLElement} screen @param {import("./stage-view.js").StageView} stage @param {any} data of the page's stage */
  constructor(screen, stage, data) {
    const part = (/** @type {string} */ id) => /** @type {any} */ (screen.querySelector(`#${id}`));
    this.screen = screen;
    this.stage = stage;
    this.data = data;
    this.layer = /** @type {HTMLElement} */ (part("neutral"));
    this.picture = /** @type {HTMLImageElement} */ (part("neutral-picture"));
    this.divider = /** @type {HTMLElement} */ (part("divider"));
    this.said = /** @type {HTMLElement} */ (part("neutral-said"));
    this.#divide(50);
    this.#connect();
  }

  /** @param {boolean} on @param {number} face */
  set(on, face) {
    this.isOn = on;
    const neutral = this.data.neutrals[face];
    if (on && neutral) {
      if (this.picture.getAttribute("src") !== neutral.picture) this.picture.src = neutral.picture;
      const where = neutral.method === "borrowed" ? `of ${neutral.from || "another recording"}` : `at ${formatTime(neutral.timeUs)}`;
      const link = document.createElement("a");
      link.href = this.data.stageUrls.neutral;
      link.textContent = "Change";
      this.said.replaceChildren(`Neutral ${where}, ${METHODS[/** @type {"chosen"} */ (neutral.method)] ?? neutral.method} · `, link);
    } else if (on) this.said.textContent = "This face has no neutral.";
    this.said.hidden = !on;
    this.#show();
  }

  /** @param {string} mode split or blink */
  setMode(mode) {
    const again = this.mode === mode;
    this.mode = mode;
    if (again && mode === "blink") this.layer.toggleAttribute("data-on"); // for people who want no motion: by hand
    this.#show();
  }

  #show() {
    const there = this.isOn && this.picture.naturalWidth > 0; // until it arrives the frame is seen whole, not half black
    this.layer.hidden = !there;
    this.layer.dataset.mode = this.mode;
    this.divider.hidden = !there || this.mode !== "split";
    clearInterval(this.#turns);
    if (this.isOn && this.mode === "blink" && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.#turns = window.setInterval(() => this.layer.toggleAttribute("data-on"), TURN_MS);
    }
  }

  /**
   * Lay the picture so that it meets the current frame.
   * @param {number[] | null} neutral mesh of the picture
   * @param {number[] | null} current mesh of the frame
   * @param {import("../lib/places.js").Place | null} place of the face while there is no mesh
   */
  lay(neutral, current, place) {
    if (!this.isOn || !this.picture.naturalWidth) return;
    let map = null;
    if (neutral && current) map = similarity(eyesOf(neutral), eyesOf(current));
    else if (neutral && place) {
      map = similarity(line(placeOf(neutral)), line({ x: place.x + place.w / 2, y: place.y + place.h / 2, size: Math.max(place.w, place.h), roll: place.roll || 0 }));
    }
    const { fit, view, box } = this.stage;
    const style = this.picture.style;
    if (!map) { // not known where the face is: the picture fills the screen
      const scale = Math.min(box.width / this.picture.naturalWidth, box.height / this.picture.naturalHeight);
      style.setProperty("transform", `translate(${(box.width - this.picture.naturalWidth * scale) / 2}px, ${(box.height - this.picture.naturalHeight * scale) / 2}px) scale(${scale})`);
      return;
    }
    const scale = fit.scale * view.zoom;
    const origin = toScreen({ x: map.e, y: map.f }, fit, view);
    style.setProperty("transform", `matrix(${map.a * scale}, ${map.b * scale}, ${-map.b * scale}, ${map.a * scale}, ${origin.x}, ${origin.y})`);
  }

  /** @param {number} share percent of the box's width that shows the neutral face */
  #divide(share) {
    this.share = Math.min(Math.max(share, 0), 100);
    this.screen.style.setProperty("--divider", `${this.share}%`);
    this.divider.setAttribute("aria-valuenow", String(Math.round(this.share)));
    this.divider.setAttribute("aria-valuetext", `Neutral face on the left ${Math.round(this.share)} percent`);
  }

  #connect() {
    const { divider } = this;
    for (const type of ["load", "error"]) this.picture.addEventListener(type, () => this.#show());
    divider.addEventListener("keydown", (event) => {
      /** @type {Record<string, number>} */
      const to = { ArrowLeft: this.share - STEP, ArrowRight: this.share + STEP, ArrowDown: this.share - STEP, ArrowUp: this.share + STEP, PageDown: this.share - 20, PageUp: this.share + 20, Home: 0, End: 100 };
      if (!(event.key in to) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.#divide(to[event.key]);
    });
    divider.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      divider.setPointerCapture(event.pointerId);
      event.preventDefault();
      divider.focus();
    });
    divider.addEventListener("pointermove", (event) => {
      if (!divider.hasPointerCapture(event.pointerId)) return;
      const { left, width } = this.screen.getBoundingClientRect();
      this.#divide((100 * (event.clientX - left)) / width);
    });
  }
}
