/**
 * Events by code and time: those in a window are found without looking at the others, and events of one code that overlap get levels
 * of their own so that each can be seen and pressed.
 * @typedef {import("./event-store.js").EventState} EventState
 * @typedef {{events: EventState[], ends: number[], levels: number[], depth: number}} Line events by onset; `ends`: the latest offset so far
 */

/** Levels that a lane gets at most; further events share the last one. */
export const MOST_LEVELS = 4;

export class EventIndex {
  /** @type {Map<string, Line>} */ #lines = new Map();

  /** @param {Iterable<EventState>} events */
  constructor(events = []) {
    for (const event of events) {
      const line = this.#lines.get(event.code);
      if (line) line.events.push(event);
      else this.#lines.set(event.code, { events: [event], ends: [], levels: [], depth: 1 });
    }
    for (const line of this.#lines.values()) arrange(line);
  }

  /** @returns {Iterable<string>} */
  get codes() {
    return this.#lines.keys();
  }

  /** Levels that a code's events need. @param {string} code */
  depth(code) {
    return this.#lines.get(code)?.depth ?? 1;
  }

  /** @param {string} code @returns {readonly EventState[]} */
  of(code) {
    return this.#lines.get(code)?.events ?? [];
  }

  /**
   * Call back with every event of a code that touches a window, by onset, and its level.
   * @param {string} code @param {number} fromUs @param {number} toUs @param {(event: EventState, level: number) => void} act
   */
  each(code, fromUs, toUs, act) {
    const line = this.#lines.get(code);
    if (!line) return;
    const { events, ends, levels } = line;
    for (let index = firstFrom(ends, fromUs); index < events.length && events[index].onset_us <= toUs; index += 1) {
      if (events[index].offset_us >= fromUs) act(events[index], levels[index]);
    }
  }
}

/** @param {Line} line */
function arrange(line) {
  line.events.sort((a, b) => a.onset_us - b.onset_us || b.offset_us - a.offset_us);
  /** @type {number[]} */ const free = []; // when each level is free again
  let latest = -Infinity;
  for (const event of line.events) {
    latest = Math.max(latest, event.offset_us);
    line.ends.push(latest);
    const open = free.findIndex((us) => us <= event.onset_us);
    const level = Math.min(open < 0 ? free.length : open, MOST_LEVELS - 1);
    free[level] = Math.max(free[level] ?? 0, event.offset_us, event.onset_us + 1);
    line.levels.push(level);
  }
  line.depth = Math.max(free.length, 1);
}

/** The first index whose value is at least `us`; the values ascend. @param {number[]} values @param {number} us */
function firstFrom(values, us) {
  let from = 0;
  let to = values.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (values[middle] < us) from = middle + 1;
    else to = middle;
  }
  return from;
}
