/** The card of a code: what one sees, what it is confused with, what grows from A to E. Follows the selected event; any code can be looked up. */
import { cards } from "../lib/cards.js";
import { element } from "../lib/dom.js";
import { GROUP_NAMES, LETTER_NAMES } from "../lib/facs.js";
import { faceDrawing } from "./face-drawing.js";

const NEEDS = { brows: "the brows", eye_L: "the left eye", eye_R: "the right eye", nose: "the nose", mouth: "the mouth", chin: "the chin" };
const SCORERS = {
  "au-nets": "A learned net reads the picture and measurements of the face together and gives an intensity with its 90 % interval.",
  "au-own": "A net that was fitted again on this installation’s signed codings reads the picture and measurements of the face together.",
  "au-rules": "A rule turns distances and creases of the face, compared with the neutral face, into an intensity.",
};

/** @param {import("../pages/review.js").Review} review */
export function installCard(review) {
  const panel = document.getElementById("drawer-card");
  if (!panel) return;
  const { stage, tierWords, blind } = review.data;
  /** @type {string | null} looked up by hand */ let wanted = null;
  let drawn = "";

  const own = () => review.timeline.code ?? review.chosen?.code ?? "12";
  const draw = async () => {
    if (!review.drawer?.shows("card")) return;
    const code = wanted ?? own();
    const key = `${code}|${own()}`;
    if (drawn === key) return;
    drawn = key;
    try {
      const all = await cards(stage.stageUrls.cards);
      if (drawn !== key) return;
      const chosen = review.catalogue.get(code);
      panel.replaceChildren(chooser(code), ...written(all, chosen));
    } catch (error) {
      drawn = "";
      const again = element("button", { class: "button", type: "button" }, "Try again");
      again.addEventListener("click", draw);
      panel.replaceChildren(element("p", { class: "quiet" }, error instanceof Error ? error.message : ""), again);
    }
  };
  /** @param {string | null} code */
  const look = (code) => {
    wanted = code === own() ? null : code;
    draw();
  };

  /** @param {string} code */
  const chooser = (code) => {
    const select = element("select", { id: "card-code" });
    for (const [group, name] of Object.entries(GROUP_NAMES)) {
      const list = element("optgroup", { label: name });
      for (const one of review.catalogue.codes) if (one.group === group) list.append(element("option", { value: one.code, selected: one.code === code }, `${one.code} ${one.name}`));
      select.append(list);
    }
    select.addEventListener("change", () => look(select.value));
    const back = element("button", { class: "button button--quiet", type: "button", id: "card-back" }, `Back to ${own()}`);
    back.hidden = code === own();
    back.addEventListener("click", () => look(null));
    return element("div", { class: "card__chooser" }, element("label", { class: "visually-hidden", for: "card-code" }, "Card of"), select, back);
  };

  /** @param {any} all @param {import("../lib/facs.js").Code} code */
  const written = (all, code) => {
    const card = all.cards[code.code];
    return [
      element("header", { class: "card__head" },
        element("div", {},
          element("h2", { class: "card__title" }, element("span", { class: "au", "data-region": code.group }, code.code), " ", code.name),
          element("p", { class: "quiet" }, GROUP_NAMES[/** @type {"head"} */ (code.group)], card.muscles.length ? ": " : "", card.muscles.join(", "))),
        faceDrawing(card.where)),
      part("What one sees", element("dl", { class: "card__list" }, ...card.see.flatMap(([place, change]) => [element("dt", {}, place), element("dd", {}, change)]))),
      part("Not to be confused with", element("ul", { class: "card__alike" }, ...card.alike.map(([other, how]) => alike(other, how)))),
      ...(card.growth ? [part("From A to E", element("p", {}, card.growth.what), steps(card.growth), element("p", { class: "quiet small" }, all.scale))] : []),
      ...(card.excludes.length ? [part("Not together with", element("ul", { class: "card__alike" }, ...card.excludes.map(([other, why]) => alike(other, why))))] : []),
      part("Cannot be scored", element("p", {}, unscorable(code, card))),
      ...(blind ? [] : [part("The machine here", ...machine(code))]),
      element("p", { class: "card__manual small" }, element("strong", {}, all.manual)),
      element("details", { class: "fold" }, element("summary", {}, "Sources"), element("ul", { class: "card__sources small" },
        ...all.sources.map((source) => element("li", {}, source.title, " ", element("span", { class: "quiet" }, `For: ${source.gives}.`))))),
    ];
  };

  /** @param {string} other @param {string} how */
  const alike = (other, how) => {
    const link = element("button", { class: "card__other", type: "button", "aria-label": `Card of ${other}, ${review.catalogue.get(other).name}` },
      element("span", { class: "au", "data-region": review.catalogue.get(other).group }, other));
    link.addEventListener("click", () => {
      look(other);
      panel.scrollIntoView({ block: "nearest" });
    });
    return element("li", {}, link, element("span", {}, how));
  };

  /** @param {import("../lib/facs.js").Code} code */
  const machine = (code) => [
    element("p", {}, element("span", { class: "tier", "data-tier": code.tier }, code.tier), " ", tierWords[code.tier] ?? ""),
    element("p", {}, code.tier === "human-coded only" ? "There is no figure of the machine for this code." :
      ["45", "46", "43"].includes(code.code) ? "Follows from how far the lids are closed, and for how long." :
        ["head", "eyes"].includes(code.group) ? "Follows from the direction of head or eyes, compared with the neutral face." :
          code.group === "visibility" ? "Follows from which parts of the face are seen." : SCORERS[/** @type {"au-nets"} */ (stage.scorer)] ?? ""),
  ];

  for (const name of ["select", "refresh", "drawer"]) {
    review.addEventListener(name, () => {
      if (name === "select") wanted = null;
      draw();
    });
  }
  let row = own();
  const follow = () => setTimeout(() => { // a row of the timeline may have been chosen, with which no event is told of
    if (own() !== row) wanted = null;
    row = own();
    draw();
  });
  for (const type of ["click", "keyup"]) document.getElementById("timeline")?.addEventListener(type, follow);
  draw();
}

/** @param {string} title @param {...Node} children */
const part = (title, ...children) => element("section", { class: "card__part" }, element("h3", {}, title), ...children);

/** @param {any} growth */
function steps(growth) {
  const rows = /** @type {[string, string][]} */ ([["A", growth.trace], ["B", ""], ["C", growth.clear], ["D", ""], ["E", growth.most]]);
  return element("dl", { class: "card__steps" }, ...rows.flatMap(([letter, text]) => [
    element("dt", {}, element("span", { class: "intensity", "data-intensity": letter }, letter)),
    element("dd", { class: text ? "" : "quiet" }, text || `between, ${LETTER_NAMES[/** @type {"B"} */ (letter)]}`)]));
}

/** @param {import("../lib/facs.js").Code} code @param {any} card */
function unscorable(code, card) {
  const needs = code.needs.map((one) => NEEDS[/** @type {"nose"} */ (one)]).filter(Boolean);
  const both = needs.includes(NEEDS.eye_L) && needs.includes(NEEDS.eye_R) && code.sided;
  const list = needs.length > 1 ? `${needs.slice(0, -1).join(", ")}${both ? " or " : " and "}${needs.at(-1)}` : needs[0];
  const seen = list ? `Where ${list} cannot be seen: covered, turned away or beyond the picture’s edge${both ? ", for the side in question" : ""}.` : "";
  return [seen, card.still].filter(Boolean).join(" ") || "Where it cannot be seen.";
}
