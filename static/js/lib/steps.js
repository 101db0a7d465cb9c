/** Curves of steps in SVG. */

/**
 * Where a curve runs whose values each hold until the next one: across, then up or down. Gaps are left open.
 * @param {number[]} times
 * @param {(number | null)[]} values
 * @param {(us: number) => number} x
 * @param {(value: number) => number} y
 */
export function steps(times, values, x, y) {
  let isDown = false;
  let out = "";
  values.forEach((value, index) => {
    if (value !== null) out += isDown ? `H${x(times[index]).toFixed(1)}V${y(value).toFixed(1)}` : `M${x(times[index]).toFixed(1)} ${y(value).toFixed(1)}`;
    isDown = value !== null;
  });
  return out;
}
