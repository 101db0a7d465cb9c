/**
 * Candidates for micro-expressions among the events as they stand, by the rule of analysis/facs/micro.py.
 * @typedef {{longestUs: number, caution: string, faces: number[]}} Micro faces of recordings that are fast enough to tell
 */

/**
 * @param {Micro} micro @param {import("./facs.js").Catalogue} catalogue
 * @param {import("./facs.js").Content & {deleted?: boolean}} event
 */
export function isMicro(micro, catalogue, event) {
  return !event.deleted && micro.faces.includes(event.face) && catalogue.get(event.code).micro
    && event.offset_us - event.onset_us <= micro.longestUs;
}
