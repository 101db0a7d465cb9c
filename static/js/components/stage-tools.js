/** The buttons under the picture: compare with neutral, mesh, follow the face, zoom, brightness and contrast. */
import { cards } from "../lib/cards.js";
import { getJson } from "../lib/http.js";
import { Meshes } from "../lib/meshes.js";
import { Places } from "../lib/places.js";
import { recall, remember } from "../lib/remembered.js";
import { Compare } from "./compare.js";
import { drawOverlay } from "./overlay.js";
import { StageView } from "./stage-view.js";

const SETTLED_MS = 120; // a frame is looked at, not passed over

/** @param {import("../pages/review.js").Review} review */
export function installStageTools(review) {
  const part = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
  const press = (/** @type {string} */ id, /** @type {() => void} */ act) => part(id)?.addEventListener("click", act);
  const tells = (/** @type {string} */ id, /** @type {boolean} */ on) => part(id).setAttribute("aria-pressed", String(on));
  installPanel(part);
  const video = /** @type {HTMLVideoElement | null} */ (part("video"));
  if (!video) return;

  const { stage: told, durationUs } = review.data;
  const stage = new StageView(part("screen"), video, { width: told.size[0], height: told.size[1] });
  const compare = new Compare(part("screen"), stage, told);
  /** @type {Map<number, Places>} */ const places = new Map();
  const meshes = new Meshes((query) => getJson(`${told.stageUrls.mesh}?${query}`), () => draw());
  /** @type {any} */ let drawing = null;
  let hasMesh = false;
  let waiting = 0;

  const placesOf = (/** @type {number} */ face) => {
    let found = places.get(face);
    if (!found) {
      found = new Places((from, to) => getJson(`${told.stageUrls.geometry}?face=${face}&from=${from}&to=${to}`), durationUs);
      found.addEventListener("change", () => show());
      places.set(face, found);
    }
    return found;
  };
  const isUsed = () => hasMesh || stage.isFollowing || compare.isOn;
  const code = () => review.chosen?.code ?? review.timeline.code ?? "";

  const draw = () => {
    const { face } = review;
    const us = review.clock.timeUs;
    const known = meshes.of(face, us);
    const points = review.clock.playing ? null : known?.points ?? null;
    compare.lay(meshes.neutral(face)?.points ?? null, points, stage.place);
    drawOverlay(part("overlay"), stage, hasMesh ? { place: stage.place, points, drawing, marked: drawing?.cards[code()]?.where ?? [] } : null);
    const why = !isUsed() ? "" : placesOf(face).why || (stage.place?.seen === false ? "The face is not seen here." : hasMesh && !review.clock.playing ? known?.why ?? "" : "");
    if (part("overlay-note").textContent !== why) part("overlay-note").textContent = why; // a live region, too
    part("overlay-note").hidden = !why;
    const zoom = `${stage.view.zoom.toFixed(1)}×`;
    if (part("picture-zoom").textContent !== zoom) part("picture-zoom").textContent = zoom; // a live region: told once
  };
  const show = () => {
    if (isUsed()) stage.show(placesOf(review.face).at(review.clock.timeUs)); // tells of `view`, which draws
    else draw();
    clearTimeout(waiting);
    if ((hasMesh || compare.isOn) && !review.clock.playing) waiting = window.setTimeout(look, SETTLED_MS);
  };
  const look = () => {
    if (review.clock.playing) return;
    if (compare.isOn) meshes.wantNeutral(review.face);
    if (stage.place?.seen) meshes.want(review.face, review.clock.timeUs);
  };

  press("mesh", async () => {
    hasMesh = !hasMesh;
    tells("mesh", hasMesh);
    show();
    if (hasMesh && !drawing) {
      drawing = await cards(told.stageUrls.cards).catch(() => null);
      draw();
    }
  });
  press("follow", () => {
    stage.follow(!stage.isFollowing);
    show();
  });
  press("compare", () => {
    compare.set(!compare.isOn, review.face);
    tells("compare", compare.isOn);
    show();
  });
  for (const mode of ["split", "blink"]) {
    press(`compare-${mode}`, () => {
      compare.setMode(mode);
      tells("compare-split", mode === "split");
      tells("compare-blink", mode === "blink");
      if (!compare.isOn) part("compare").click();
    });
  }
  press("picture-in", () => stage.larger());
  press("picture-out", () => stage.smaller());
  press("picture-reset", () => stage.whole());
  stage.addEventListener("view", draw);
  stage.addEventListener("mode", () => tells("follow", stage.isFollowing));
  part("neutral-picture").addEventListener("load", draw);
  for (const name of ["tick", "select", "refresh"]) review.addEventListener(name, show);
  review.addEventListener("face", () => {
    compare.set(compare.isOn, review.face);
    show();
  });
  review.clock.video?.addEventListener("pause", show);
}

/** Brightness and contrast, only for the eye, and the panel that they are in. @param {(id: string) => any} part */
function installPanel(part) {
  const open = (/** @type {boolean} */ on) => {
    part("looks-panel").hidden = !on;
    part("looks-more").setAttribute("aria-expanded", String(on));
  };
  part("looks-more").addEventListener("click", () => open(part("looks-panel").hidden));
  const names = ["brightness", "contrast"];
  const set = (/** @type {string} */ name, /** @type {number} */ percent) => {
    const value = Math.min(Math.max(percent || 100, 40), 260);
    part(name).value = String(value);
    part(`${name}-said`).textContent = `${value} %`;
    part("screen").style.setProperty(`--${name}`, String(value / 100));
    part("looks-more").toggleAttribute("data-changed", names.some((one) => part(one).value !== "100"));
    remember(`picture.${name}`, value === 100 ? null : value);
  };
  for (const name of names) {
    set(name, recall(`picture.${name}`, 100));
    part(name).addEventListener("input", () => set(name, Number(part(name).value)));
  }
  part("looks-reset").addEventListener("click", () => {
    for (const name of names) set(name, 100);
    document.getElementById("picture-reset")?.click();
  });
}
