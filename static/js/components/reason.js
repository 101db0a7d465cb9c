/** Why the machine proposed an event: its figure with the interval, and what of the face moved. */
import { element } from "../lib/dom.js";
import { letterOf, unit } from "../lib/facs.js";
import { getJson } from "../lib/http.js";
import { spark } from "../lib/spark.js";
import { formatTime } from "../lib/time.js";

const WAIT_MS = 150;
const SHOWN = 6;
const HONEST = {
  "au-rules": "The rules compute the intensity from such measures.",
  "au-nets": "The net looks at the picture and at its measurements together; it does not say why. Listed here is what changed on the face, which is not the net’s own reasoning.",
  "au-own": "The net looks at the picture and at its measurements together; it does not say why. Listed here is what changed on the face, which is not the net’s own reasoning.",
};

/** @param {import("../pages/review.js").Review} review */
export function installReason(review) {
  const panel = document.getElementById("drawer-reason");
  if (!panel || review.data.blind) return;
  const { stage, tierWords } = review.data;
  let shown = "";
  let timer = 0;
  /** @type {AbortController | null} */ let asking = null;

  const draw = () => {
    clearTimeout(timer);
    if (!review.drawer?.shows("reason")) return;
    const event = review.chosen;
    if (!event) {
      shown = "";
      panel.replaceChildren(element("p", { class: "quiet" }, "Select an event, and this says what the machine saw: its figure, and what of the face moved."));
      return;
    }
    const query = new URLSearchParams({ face: String(event.face), code: event.code, side: event.side, onset: String(event.onset_us), apex: String(event.apex_us), offset: String(event.offset_us) }).toString();
    if (query === shown) return;
    timer = window.setTimeout(() => ask(event, query), WAIT_MS);
  };

  /** @param {import("../lib/event-store.js").EventState} event @param {string} query */
  const ask = async (event, query) => {
    asking?.abort();
    asking = new AbortController();
    shown = query;
    panel.setAttribute("aria-busy", "true");
    try {
      const answer = await getJson(`${stage.stageUrls.reason}?${query}`, { signal: asking.signal });
      if (shown === query) panel.replaceChildren(...written(event, answer));
    } catch (error) {
      if (error instanceof Error && error.name === "AbortError") return;
      shown = "";
      const again = element("button", { class: "button", type: "button" }, "Try again");
      again.addEventListener("click", draw);
      panel.replaceChildren(element("p", {}, error instanceof Error ? error.message : ""), again);
    }
    panel.removeAttribute("aria-busy");
  };

  /** @param {import("../lib/event-store.js").EventState} event @param {any} answer */
  const written = (event, answer) => {
    const code = review.catalogue.get(event.code);
    const proposal = event.source ? review.proposals.get(event.source) : review.alone ? event : null;
    const times = { onset: event.onset_us, apex: event.apex_us, offset: event.offset_us };
    return [
      element("h2", { class: "card__title" }, element("span", { class: "au", "data-region": code.group }, unit(event)), " ", code.name),
      element("p", { class: "quiet" }, proposal ? "Proposed by the machine" : "Added by a person; the machine’s figures for that time",
        proposal?.confidence != null ? `, confidence ${proposal.confidence.toFixed(2)}.` : "."),
      ...(answer.why ? [element("p", {}, answer.why)] : [figure(code, answer, times), ...moved(answer, times)]),
    ];
  };

  /** @param {import("../lib/facs.js").Code} code @param {any} answer @param {{onset: number, apex: number, offset: number}} event */
  const figure = (code, { apex, intensity, gates }, event) => {
    const nodes = [];
    if (apex.both === null) nodes.push(element("p", {}, code.tier === "human-coded only" ? "The machine does not score this code." : "The machine gives no figure at the apex."));
    else {
      const band = apex.low !== null && apex.high !== null ? `, 90 % interval ${apex.low.toFixed(1)} to ${apex.high.toFixed(1)}` : ", no interval";
      nodes.push(element("p", { id: "reason-figure" }, "Intensity at the apex ", element("strong", { class: "num" }, apex.both.toFixed(1)), ` of 5 (${letterOf(apex.both) || "none"})${band}.`));
      nodes.push(spark({ times: intensity.time_us, values: intensity.both, low: intensity.low, high: intensity.high, event, height: 64, range: [0, 5], label: "The machine’s intensity during the event, 0 to 5, with its interval" }));
    }
    nodes.push(element("p", {}, element("span", { class: "tier", "data-tier": code.tier }, code.tier), " ", tierWords[code.tier] ?? ""));
    if (gates.length) nodes.push(element("p", { class: "reason__gates" }, `For part of this time something is not scored: ${gates.join(", ")}.`));
    return element("section", { class: "card__part" }, element("h3", {}, "The machine’s figure"), ...nodes);
  };

  /** @param {any} answer @param {{onset: number, apex: number, offset: number}} event */
  const moved = ({ moved: all, time_us: times, neutral_us: neutral, face_cm: cm }, event) => {
    if (!all.length) return [element("p", {}, "Nothing that is measured shows this code, or the face was not measured at the apex.")];
    const line = (/** @type {any} */ one) => element("li", { class: "reason__line" },
      element("div", { class: "reason__name" }, element("span", {}, one.words, one.side ? element("span", { class: "quiet" }, `, ${one.side}`) : ""), element("strong", { class: "num" }, amount(one))),
      element("div", { class: "reason__how quiet small" }, element("span", {}, one.expected ? `${one.times.toFixed(one.times < 10 ? 1 : 0)} times what rests vary` : "the other way than this code goes"),
        one.share === null ? "" : element("span", {}, `${Math.abs(one.share).toFixed(1)} % of the face’s height`)),
      spark({ times, values: one.curve, event, label: `${one.words} ${one.side} over the event` }));
    const [first, rest] = [all.slice(0, SHOWN), all.slice(SHOWN)];
    return [element("section", { class: "card__part" }, element("h3", {}, "What moved"),
      element("p", { class: "quiet small" }, `At the apex against the neutral face (${formatTime(neutral)}), in centimetres on a head of usual size (${cm} cm from forehead to chin). ${HONEST[/** @type {"au-nets"} */ (stage.scorer)] ?? ""}`),
      element("ol", { class: "reason__list", id: "reason-moved" }, ...first.map(line)),
      ...(rest.length ? [element("details", { class: "fold" }, element("summary", {}, `${rest.length} more`), element("ol", { class: "reason__list" }, ...rest.map(line)))] : []))];
  };

  for (const name of ["select", "refresh", "drawer"]) review.addEventListener(name, draw);
  draw();
}

/** @param {any} one */
function amount({ amount: value, unit: of }) {
  const digits = of === "cm" || of === "cm²" || of === "" ? 2 : of === "°" ? 1 : 0;
  return `${value > 0 ? "+" : "−"}${Math.abs(value).toFixed(digits)}${of ? ` ${of}` : ""}`;
}
