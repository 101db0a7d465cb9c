/**
 * Event bars on a canvas over the heatmap: the machine's hatched, people's solid, the selected one with its edges and apex.
 * A canvas because thousands of bars have to follow the pointer while zooming; the table has the same events for keyboard and ear.
 */
import { hatching, prepare } from "../lib/canvas.js";
import { HEAT, ROW } from "../lib/rows.js";
import { colour } from "../lib/palette.js";
import { toX } from "../lib/time-window.js";

/** Region of a code's group, as the tokens call it. @param {string} group */
export const regionOf = (group) => ({ upper_face: "upper", lower_face: "lower", eyes: "eyes", head: "head" }[group] ?? "misc");

/**
 * @typedef {object} Scene
 * @property {number} width
 * @property {import("../lib/time-window.js").TimeWindow} window
 * @property {string[]} rows
 * @property {{machine: import("../lib/rows.js").Lane, mine: import("../lib/rows.js").Lane | null}} lanes
 * @property {import("../lib/event-store.js").EventState[]} mine
 * @property {import("../lib/event-store.js").EventState[]} machine
 * @property {string | null} selected
 * @property {boolean} editable
 * @property {string | null} code the selected row
 * @property {number} top pixels of the rows that are scrolled away
 * @property {number} height pixels of the rows that are in view
 */

export class EventBars {
  /** @param {HTMLCanvasElement} canvas @param {import("../lib/facs.js").Catalogue} catalogue */
  constructor(canvas, catalogue) {
    this.canvas = canvas;
    this.catalogue = catalogue;
    this.takeColours();
  }

  /** Read the theme's colours again. */
  takeColours() {
    const names = ["upper", "lower", "eyes", "head", "misc"];
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.regions = new Map(names.map((name) => {
      const hue = colour(`--region-${name}`);
      return [name, { hue, hatch: hatching(context, hue) }];
    }));
    this.colours = Object.fromEntries(["ground-panel", "accent-soft", "hairline", "ink-strong", "accent", "ground-sunken"]
      .map((name) => [name, colour(`--${name}`)]));
  }

  /** @param {Scene} scene */
  draw(scene) {
    const { width, rows, lanes, top, height } = scene;
    const pen = prepare(this.canvas, width, height);
    const inView = rows.map((code, index) => /** @type {[string, number]} */ ([code, index * ROW - top]))
      .filter(([, y]) => y > -ROW && y < height);
    const place = new Map(inView);
    this.#grounds(pen, scene, inView);
    pen.font = `600 9px ${getComputedStyle(this.canvas).fontFamily}`;
    pen.textBaseline = "middle";
    for (const event of scene.machine) this.#bar(pen, scene, event, place.get(event.code), lanes.machine, true);
    if (lanes.mine) {
      for (const event of scene.mine) if (event.id !== scene.selected) this.#bar(pen, scene, event, place.get(event.code), lanes.mine, false);
    }
    const chosen = scene.mine.find((event) => event.id === scene.selected);
    if (chosen && place.has(chosen.code)) this.#selected(pen, scene, chosen, /** @type {number} */ (place.get(chosen.code)));
  }

  /** @param {CanvasRenderingContext2D} pen @param {Scene} scene @param {[string, number][]} inView */
  #grounds(pen, { width, code }, inView) {
    const below = HEAT.top + HEAT.height;
    for (const [row, top] of inView) {
      pen.fillStyle = this.colours[row === code ? "accent-soft" : "ground-panel"];
      pen.fillRect(0, top, width, HEAT.top);
      pen.fillRect(0, top + below, width, ROW - below);
      pen.fillStyle = this.colours.hairline;
      pen.fillRect(0, top + ROW - 0.5, width, 0.5);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} pen @param {Scene} scene @param {import("../lib/event-store.js").EventState} event
   * @param {number | undefined} top @param {import("../lib/rows.js").Lane} lane @param {boolean} machine
   */
  #bar(pen, scene, event, top, lane, machine) {
    if (top === undefined || event.deleted) return;
    if (event.offset_us < scene.window.fromUs || event.onset_us > scene.window.toUs) return;
    const x = toX(scene.window, event.onset_us, scene.width);
    const length = Math.max(toX(scene.window, event.offset_us, scene.width) - x, 2);
    const region = /** @type {{hue: string, hatch: CanvasPattern}} */ (this.regions?.get(regionOf(this.catalogue.get(event.code).group)));
    pen.fillStyle = machine ? region.hatch : region.hue;
    // A proposal that nobody has looked at yet is paler than what a person decided.
    pen.globalAlpha = !machine && event.standing === "proposed" ? 0.55 : 1;
    pen.beginPath();
    pen.roundRect(x, top + lane.top, length, lane.height, 2);
    pen.fill();
    pen.globalAlpha = 1;
    if (machine && length > 3) {
      pen.strokeStyle = region.hue;
      pen.lineWidth = 0.75;
      pen.stroke();
    }
    if (lane.height >= 9) this.#letters(pen, event, x, length, top + lane.top + lane.height / 2 + 0.5, machine);
  }

  /** @param {CanvasRenderingContext2D} pen @param {import("../lib/event-store.js").EventState} event @param {number} x @param {number} length @param {number} y @param {boolean} machine */
  #letters(pen, event, x, length, y, machine) {
    const text = `${event.side === "left" ? "L " : event.side === "right" ? "R " : ""}${event.intensity}`.trim();
    if (!text || length < 8 + text.length * 6) return;
    pen.fillStyle = this.colours[machine ? "ink-strong" : "ground-panel"];
    if (!machine && event.standing === "proposed") pen.fillStyle = this.colours["ink-strong"];
    pen.fillText(text, Math.max(x, 0) + 4, y);
  }

  /** @param {CanvasRenderingContext2D} pen @param {Scene} scene @param {import("../lib/event-store.js").EventState} event @param {number} top */
  #selected(pen, scene, event, top) {
    const lane = scene.lanes.mine ?? scene.lanes.machine;
    this.#bar(pen, scene, event, top, lane, !scene.lanes.mine);
    const from = toX(scene.window, event.onset_us, scene.width);
    const to = Math.max(toX(scene.window, event.offset_us, scene.width), from + 2);
    pen.strokeStyle = this.colours["ink-strong"];
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.roundRect(from - 1, top + lane.top - 1, to - from + 2, lane.height + 2, 3);
    pen.stroke();
    const apex = toX(scene.window, event.apex_us, scene.width);
    const middle = top + lane.top + lane.height / 2;
    pen.fillStyle = this.colours["ground-panel"];
    pen.beginPath();
    pen.moveTo(apex, middle - 5);
    pen.lineTo(apex + 4, middle);
    pen.lineTo(apex, middle + 5);
    pen.lineTo(apex - 4, middle);
    pen.closePath();
    pen.fill();
    pen.stroke();
    if (!scene.editable) return;
    pen.fillStyle = this.colours["ink-strong"];
    for (const x of [from, to]) pen.fillRect(x - 1.5, top + lane.top - 3, 3, lane.height + 6);
  }
}
