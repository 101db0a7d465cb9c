/** A small drawing of a face, our own, with the parts marked that a card speaks of. */
import { svg } from "../lib/svg.js";

/** What every part looks like in a field of 100 × 120. @type {Record<string, string[]>} */
const PARTS = {
  forehead: ["M28 24 Q50 12 72 24 L74 38 Q50 31 26 38 Z"],
  brows: ["M24 45 Q33 38 45 43 L44 47 Q33 43 25 49 Z", "M76 45 Q67 38 55 43 L56 47 Q67 43 75 49 Z"],
  eyes: ["M25 55 Q34 47 44 55 Q34 62 25 55 Z", "M75 55 Q66 47 56 55 Q66 62 75 55 Z"],
  nose: ["M47 52 L43 72 Q50 79 57 72 L53 52 Z"],
  cheeks: ["M22 66 Q32 62 40 72 Q38 84 28 84 Q20 78 22 66 Z", "M78 66 Q68 62 60 72 Q62 84 72 84 Q80 78 78 66 Z"],
  mouth: ["M35 88 Q42 83 50 86 Q58 83 65 88 Q58 97 50 97 Q42 97 35 88 Z"],
  chin: ["M38 101 Q50 98 62 101 Q60 112 50 113 Q40 112 38 101 Z"],
  neck: ["M34 110 Q50 122 66 110 L68 120 L32 120 Z"],
  head: ["M50 8 C76 8 84 30 83 56 C82 88 66 116 50 116 C34 116 18 88 17 56 C16 30 24 8 50 8 Z"],
};

/** @param {string[]} where @returns {SVGElement} */
export function faceDrawing(where) {
  const paths = Object.entries(PARTS).sort(([a]) => (a === "head" ? -1 : 1)).flatMap(([name, all]) =>
    all.map((d) => svg("path", { d, class: where.includes(name) ? "face-drawing__part face-drawing__part--here" : "face-drawing__part" })));
  return svg("svg", { class: "face-drawing", viewBox: "0 0 100 122", role: "img", "aria-label": `Where it shows: ${where.join(", ")}` }, ...paths);
}
