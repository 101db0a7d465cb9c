/**
 * Media times. Everywhere a time is an integer number of microseconds; only people see hours and minutes.
 */

const MS_IN_HOUR = 3_600_000;

/**
 * Write a media time as hours, minutes, seconds and thousandths: `00:03:12.480`.
 * @param {number} us microseconds, may be negative
 * @param {{millis?: boolean}} [options] `millis: false` leaves the thousandths out (rounded down, as a clock does)
 * @returns {string} an en dash when `us` is not a finite number: absent is absent
 */
export function formatTime(us, { millis = true } = {}) {
  if (!Number.isFinite(us)) return "–";
  const magnitude = Math.abs(us) / 1000;
  const total = millis ? Math.round(magnitude) : Math.floor(magnitude / 1000) * 1000;
  const hours = Math.floor(total / MS_IN_HOUR);
  const minutes = Math.floor(total / 60_000) % 60;
  const seconds = Math.floor(total / 1000) % 60;
  const clock = [hours, minutes, seconds].map((part) => String(part).padStart(2, "0")).join(":");
  const sign = us < 0 && total > 0 ? "−" : "";
  return millis ? `${sign}${clock}.${String(total % 1000).padStart(3, "0")}` : sign + clock;
}

/**
 * Read a time that a person typed: `3:12.48`, `00:03:12.480`, `12.5` (seconds). A comma may stand for the point.
 * @param {string} text
 * @returns {number} integer microseconds; NaN when the text is not a time
 */
export function parseTime(text) {
  const match = /^\s*(?:(?:(\d+):)?(\d{1,2}):)?(\d+)(?:[.,](\d+))?\s*$/.exec(text);
  if (!match) return NaN;
  const [, hours = "0", minutes, seconds, fraction = ""] = match;
  const hasMinutes = minutes !== undefined;
  if (hasMinutes && (Number(minutes) > 59 || Number(seconds) > 59)) return NaN;
  const whole = Number(hours) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds);
  const result = whole * 1_000_000 + Math.round(Number(`0.${fraction || "0"}`) * 1_000_000);
  return Number.isSafeInteger(result) ? result : NaN;
}

/**
 * Write how long something lasts, for a sentence: `480 ms`, `12.5 s`, `3 min 12 s`, `1 h 4 min`.
 * @param {number} us microseconds
 * @returns {string}
 */
export function formatDuration(us) {
  if (!Number.isFinite(us)) return "–";
  if (us < 1_000_000) return `${Math.round(us / 1000)} ms`;
  if (us < 59_950_000) return `${Number((us / 1_000_000).toFixed(1))} s`;
  const seconds = Math.round(us / 1_000_000);
  const join = (/** @type {[number, string][]} */ parts) =>
    parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}`).join(" ");
  if (seconds < 3600) return join([[Math.floor(seconds / 60), "min"], [seconds % 60, "s"]]);
  const minutes = Math.round(seconds / 60);
  return join([[Math.floor(minutes / 60), "h"], [minutes % 60, "min"]]);
}

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60]];

/**
 * Say how far a moment is from now: `5 minutes ago`, `yesterday`, `just now`.
 * @param {Date} moment
 * @param {Date} [now]
 * @param {string} [locale]
 * @returns {string}
 */
export function relativeTime(moment, now = new Date(), locale = "en") {
  const seconds = (moment.getTime() - now.getTime()) / 1000;
  if (Math.abs(seconds) < 45) return "just now";
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
  }
  return format.format(Math.round(seconds / 60) || -1, "minute");
}
