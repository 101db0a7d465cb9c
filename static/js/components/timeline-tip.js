/** What the pointer is over in the rows: the event with its times and standing, or the intensity at that time. */
import { element } from "../lib/dom.js";
import { letterOf, unit } from "../lib/facs.js";
import { itemAt } from "../lib/rows.js";
import { formatTime } from "../lib/time.js";
import { toUs } from "../lib/time-window.js";
import { standingOf } from "./event-table.js";

export class TimelineTip {
  /** @param {HTMLElement} box @param {HTMLElement} tracks it moves within @param {import("./timeline.js").Timeline} timeline */
  constructor(box, tracks, timeline) {
    this.box = box;
    this.tracks = tracks;
    this.timeline = timeline;
  }

  hide() {
    if (!this.box.hidden) this.box.hidden = true;
  }

  /** @param {number} x @param {number} y @param {PointerEvent} event */
  show(x, y, event) {
    const { timeline, box } = this;
    const item = event.currentTarget === timeline.parts.rows ? itemAt(timeline.items, y) : undefined;
    if (item?.kind !== "row" || event.pointerType === "touch") return this.hide();
    const us = toUs(timeline.window, x, timeline.width);
    const { name, tier, group } = timeline.options.catalogue.get(item.code);
    box.replaceChildren(
      element("span", { class: "tip__head", "data-region": group }, element("span", { class: "au" }, item.code), element("strong", {}, name)),
      ...this.#says(item.code, us, timeline.hit(x, y)).map((text) => element("span", {}, text)),
      element("span", { class: "quiet" }, `${formatTime(us)} · ${tier}`));
    box.hidden = false;
    const place = this.tracks.getBoundingClientRect();
    const left = Math.min(event.clientX - place.left + 14, place.width - box.offsetWidth - 4);
    const above = event.clientY - place.top > place.height - box.offsetHeight - 24;
    box.style.setProperty("transform", `translate(${Math.round(left)}px, ${Math.round(event.clientY - place.top + (above ? -box.offsetHeight - 10 : 18))}px)`);
  }

  /** @param {string} code @param {number} us @param {import("../lib/rows.js").Hit | null} found @returns {string[]} lines */
  #says(code, us, found) {
    const { timeline } = this;
    if (found) {
      const { event } = found;
      const lane = timeline.lanes.find(({ key }) => key === found.lane);
      const sure = event.confidence === null || event.confidence === undefined ? "" : ` · machine’s confidence ${Math.round(event.confidence * 100)} %`;
      return [`${lane?.kind === "own" ? "Event" : lane?.name} ${unit(event)}, ${formatTime(event.onset_us)} to ${formatTime(event.offset_us)}`,
        `${lane?.kind === "machine" ? "Proposed" : standingOf(event)[1]}${sure}`];
    }
    if (timeline.blind) return ["Press here to look at this moment"];
    const value = timeline.pyramid.valueAt(code, us);
    if (value === null) return [timeline.why(code, us) || "not scored"];
    return [`${value.toFixed(1)} of 5${value > 0.05 ? `, about ${letterOf(value)}` : ""}`];
  }
}
