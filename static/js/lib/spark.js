/** Small curves in SVG. */
import { svg } from "./svg.js";

/**
 * Where a curve runs, gaps left open.
 * @param {number[]} times
 * @param {(number | null)[]} values
 * @param {(us: number) => number} x
 * @param {(value: number) => number} y
 */
export function path(times, values, x, y) {
  let pen = "M";
  let out = "";
  values.forEach((value, index) => {
    if (value === null) pen = "M";
    else {
      out += `${pen}${x(times[index]).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
    }
  });
  return out;
}

/**
 * @param {object} options
 * @param {number[]} options.times microseconds
 * @param {(number | null)[]} options.values
 * @param {(number | null)[]} [options.low]
 * @param {(number | null)[]} [options.high]
 * @param {{onset: number, apex: number, offset: number}} options.event
 * @param {number} [options.height]
 * @param {[number, number]} [options.range]
 * @param {string} options.label
 */
export function spark({ times, values, low, high, event, height = 34, range, label }) {
  const width = 260;
  const from = times[0] ?? event.onset;
  const to = Math.max(times.at(-1) ?? event.offset, from + 1);
  const all = [...values, ...(low ?? []), ...(high ?? [])].filter((value) => value !== null);
  const [least, most] = range ?? [Math.min(0, ...all), Math.max(0, ...all)];
  const x = (/** @type {number} */ us) => ((us - from) / (to - from)) * width;
  const y = (/** @type {number} */ value) => height - 2 - ((value - least) / (most - least || 1)) * (height - 4);
  const nodes = [
    svg("rect", { x: x(event.onset), y: 0, width: Math.max(x(event.offset) - x(event.onset), 1), height, class: "spark__event" }),
    svg("line", { x1: 0, x2: width, y1: y(Math.max(least, 0)), y2: y(Math.max(least, 0)), class: "spark__zero" }),
    svg("line", { x1: x(event.apex), x2: x(event.apex), y1: 0, y2: height, class: "spark__apex" }),
  ];
  if (low && high) {
    const back = [...times].reverse();
    const closed = `${path(times, high, x, y)}${path(back, [...low].reverse(), x, y).replace(/^M/, "L")}Z`;
    if (!high.includes(null) && !low.includes(null)) nodes.push(svg("path", { d: closed, class: "spark__band" }));
    else nodes.push(svg("path", { d: path(times, high, x, y), class: "spark__edge" }), svg("path", { d: path(times, low, x, y), class: "spark__edge" }));
  }
  nodes.push(svg("path", { d: path(times, values, x, y), class: "spark__line" }));
  return svg("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, ...nodes);
}
