/**
 * Event bars on the rows' canvas. Nothing is said by colour alone: proposals are hatched; accepted ones have a tick, changed ones ≠, added
 * ones +; rejected ones are struck hollow frames; a dashed frame says that the machine was unsure. One-sided bars fill one half of their
 * lane, the subject's left the upper one, the right the lower one, and have their letter.
 * A canvas because thousands of bars have to follow the pointer while zooming; the table has the same events for keyboard and ear.
 */
import { hatching } from "../lib/canvas.js";
import { colour } from "../lib/palette.js";
import { toX } from "../lib/time-window.js";

/** Region of a code's group, as the tokens call it. @param {string} group */
export const regionOf = (group) => ({ upper_face: "upper", lower_face: "lower", eyes: "eyes", head: "head" }[group] ?? "misc");

/** Below this the machine's proposal has a dashed frame. */
export const UNSURE = 0.5;
const MARKS = { accepted: "✓", changed: "≠", added: "+" };
const LETTERS = { left: "L", right: "R", unilateral: "U" };
/** Which part of its lane a bar fills: from, height. @type {Record<string, [number, number]>} */
const HALVES = { left: [0, 0.56], right: [0.44, 0.56], unilateral: [0.22, 0.56] };

/**
 * @typedef {import("../lib/event-store.js").EventState} EventState
 * @typedef {object} Scene
 * @property {number} width
 * @property {import("../lib/time-window.js").TimeWindow} window
 * @property {import("../lib/rows.js").Row[]} rows in view
 * @property {number} scrolled pixels of the rows that are scrolled away
 * @property {import("../lib/rows.js").LaneSpec[]} lanes
 * @property {Record<string, import("../lib/event-index.js").EventIndex>} indexes
 * @property {string | null} selected
 * @property {EventState | null} preview the selected event while one of its edges is dragged
 * @property {boolean} editable
 */

export class EventBars {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.takeColours();
  }

  /** Read the theme's colours again. */
  takeColours() {
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.regions = new Map(["upper", "lower", "eyes", "head", "misc"].map((name) => {
      const hue = colour(`--region-${name}`);
      return [name, { hue, hatch: hatching(context, hue) }];
    }));
    this.font = `600 10px ${getComputedStyle(this.canvas).fontFamily}`;
  }

  /** @param {CanvasRenderingContext2D} pen @param {Scene} scene */
  draw(pen, scene) {
    const { window, rows, lanes, indexes, selected, preview } = scene;
    pen.font = this.font;
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    /** @type {(() => void) | null} */ let last = null; // the selected event lies over the others
    for (const row of rows) {
      const region = /** @type {{hue: string, hatch: CanvasPattern}} */ (this.regions?.get(regionOf(row.group)));
      for (const { key, kind } of lanes) {
        const lane = row.lanes.find((one) => one.key === key);
        if (!lane) continue;
        const ends = [-1, -1, -1, -1]; // last pixel that was drawn on each level
        indexes[key]?.each(row.code, window.fromUs, window.toUs, (event, level) => {
          const shown = event.id === preview?.id ? preview : event;
          const from = toX(window, shown.onset_us, scene.width);
          const to = Math.max(toX(window, shown.offset_us, scene.width), from + 2);
          const box = { x: from, y: row.top - scene.scrolled + lane.top + level * lane.level, width: to - from, height: lane.level };
          if (event.id === selected) {
            last = () => { this.#bar(pen, box, shown, region, kind); this.#handles(pen, box, shown, scene); };
            return;
          }
          if (to <= ends[level] + 0.5) return; // nothing of it would be seen
          ends[level] = to;
          this.#bar(pen, box, shown, region, kind);
        });
      }
    }
    /** @type {any} */ (last)?.();
  }

  /**
   * @param {CanvasRenderingContext2D} pen @param {{x: number, y: number, width: number, height: number}} box
   * @param {EventState} event @param {{hue: string, hatch: CanvasPattern}} region @param {"machine" | "own" | "other"} kind
   */
  #bar(pen, box, event, region, kind) {
    const left = Math.max(box.x, -8);
    const right = Math.min(box.x + box.width, pen.canvas.clientWidth + 8);
    const width = Math.max(right - left, 2);
    const gap = box.height > 8 ? 1 : 0;
    const height = box.height - gap;
    const proposed = kind === "machine" || event.standing === "proposed";
    if (event.deleted) return struck(pen, left, box.y, width, height);
    if (width < 4) { // too narrow to tell more
      pen.fillStyle = region.hue;
      pen.fillRect(left, box.y, width, height);
      return;
    }
    const [start, share] = (height > 6 && HALVES[event.side]) || [0, 1];
    pen.fillStyle = colour("--ground-panel"); // the curve behind does not shine through
    pen.globalAlpha = 0.6;
    pen.fillRect(left, box.y, width, height);
    pen.globalAlpha = 1;
    pen.fillStyle = proposed ? region.hatch : region.hue;
    pen.beginPath();
    pen.roundRect(left, box.y + start * height, width, share * height, 2);
    pen.fill();
    pen.strokeStyle = region.hue;
    pen.lineWidth = 1;
    const unsure = proposed && event.confidence !== null && event.confidence < UNSURE;
    if (unsure) pen.setLineDash([3, 2]);
    pen.beginPath();
    pen.roundRect(left + 0.5, box.y + 0.5, width - 1, height - 1, 2);
    pen.stroke();
    if (unsure) pen.setLineDash([]);
    if (height >= 9) this.#letters(pen, event, left, width, box.y + height / 2 + 0.5, kind);
  }

  /** @param {CanvasRenderingContext2D} pen @param {EventState} event @param {number} x @param {number} width @param {number} y @param {string} kind */
  #letters(pen, event, x, width, y, kind) {
    const side = LETTERS[/** @type {"left"} */ (event.side)] ?? "";
    const mark = kind === "machine" ? "" : MARKS[/** @type {"added"} */ (event.standing)] ?? "";
    const texts = [`${side} ${event.intensity} ${mark}`, `${side} ${event.intensity}`, side || event.intensity].map((text) => text.replace(/\s+/g, " ").trim());
    const text = texts.find((one) => one && width >= 6 + one.length * 6);
    if (!text) return;
    pen.strokeStyle = colour("--ground-panel");
    pen.lineWidth = 3;
    pen.strokeText(text, Math.max(x, 0) + 4, y);
    pen.fillStyle = colour("--ink-strong");
    pen.fillText(text, Math.max(x, 0) + 4, y);
  }

  /** The selected event's frame, apex and edges. @param {CanvasRenderingContext2D} pen @param {{x: number, y: number, width: number, height: number}} box @param {EventState} event @param {Scene} scene */
  #handles(pen, { x, y, width, height }, event, scene) {
    const ink = colour("--ink-strong");
    pen.strokeStyle = ink;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.roundRect(Math.max(x, -8) - 1, y - 1, Math.min(x + width, scene.width + 8) - Math.max(x, -8) + 2, height + 2, 3);
    pen.stroke();
    const apex = toX(scene.window, event.apex_us, scene.width);
    const middle = y + height / 2;
    pen.fillStyle = colour("--ground-panel");
    pen.beginPath();
    pen.moveTo(apex, middle - 5);
    pen.lineTo(apex + 4, middle);
    pen.lineTo(apex, middle + 5);
    pen.lineTo(apex - 4, middle);
    pen.closePath();
    pen.fill();
    pen.stroke();
    if (!scene.editable) return;
    pen.fillStyle = ink;
    for (const at of [x, x + width]) pen.fillRect(at - 1.5, y - 3, 3, height + 6);
  }
}

/** A rejected or deleted event: a hollow frame with a line through it. @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} width @param {number} height */
function struck(pen, x, y, width, height) {
  pen.strokeStyle = colour("--ink-quiet");
  pen.lineWidth = 1;
  pen.setLineDash([2, 2]);
  pen.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  pen.setLineDash([]);
  pen.beginPath();
  pen.moveTo(x, y + height / 2);
  pen.lineTo(x + width, y + height / 2);
  pen.stroke();
}

/**
 * What a closed group holds: its events as thin marks in its heading.
 * @param {CanvasRenderingContext2D} pen @param {import("../lib/rows.js").Heading} heading
 * @param {{width: number, window: import("../lib/time-window.js").TimeWindow, scrolled: number, lanes: import("../lib/rows.js").LaneSpec[], indexes: Record<string, import("../lib/event-index.js").EventIndex>}} scene
 */
export function drawSummary(pen, heading, { width, window, scrolled, lanes, indexes }) {
  const top = heading.top - scrolled;
  pen.fillStyle = colour("--ground-sunken");
  pen.fillRect(0, top, width, heading.height);
  if (heading.open) return;
  pen.fillStyle = colour(`--region-${regionOf(heading.group)}`);
  const slot = (heading.height - 8) / lanes.length;
  lanes.forEach(({ key }, place) => {
    let end = -1;
    for (const code of heading.codes) {
      indexes[key]?.each(code, window.fromUs, window.toUs, (event) => {
        if (event.deleted) return;
        const x = toX(window, event.onset_us, width);
        const to = Math.max(toX(window, event.offset_us, width), x + 2);
        if (x >= end || to > end) pen.fillRect(x, top + 4 + place * slot + 1, to - x, Math.max(slot - 3, 2));
        end = Math.max(end, to);
      });
      end = -1;
    }
  });
}
