/** A field to sign in with a finger, a pen or the mouse, or by typing; strokes are whole points in 1000 × 400. */

export const WIDTH = 1000;
export const HEIGHT = 400;
/** Points closer than this are one: a signature stays small however slowly it is drawn. */
const NEAR = 5;

/**
 * Where a pointer is in the field, as whole points inside of it.
 * @param {{ left: number, top: number, width: number, height: number }} box
 * @param {number} x @param {number} y in pixels of the window
 * @returns {[number, number]}
 */
export function pointIn(box, x, y) {
  const inside = (value, most) => Math.min(most, Math.max(0, Math.round(value)));
  return [inside(((x - box.left) / box.width) * WIDTH, WIDTH), inside(((y - box.top) / box.height) * HEIGHT, HEIGHT)];
}

/** @param {[number, number][]} stroke @param {[number, number]} point */
export function extend(stroke, point) {
  const last = stroke.at(-1);
  if (!last || Math.hypot(last[0] - point[0], last[1] - point[1]) >= NEAR) stroke.push(point);
}

/** @param {HTMLElement} root */
export function installSignature(root) {
  const find = (selector) => /** @type {any} */ (root.querySelector(selector));
  const canvas = /** @type {HTMLCanvasElement} */ (find("canvas"));
  const stored = /** @type {HTMLInputElement} */ (find("[data-drawing]"));
  const typed = /** @type {HTMLInputElement} */ (find("[name=signature]"));
  const context = canvas.getContext("2d");
  if (!context) return;
  /** @type {[number, number][][]} */
  let strokes = read(stored.value);
  let drawing = false;

  function redraw() {
    context.clearRect(0, 0, WIDTH, HEIGHT);
    context.lineWidth = 6;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = "#12151d";
    for (const [first, ...rest] of strokes) {
      context.beginPath();
      context.moveTo(...first);
      for (const point of rest.length ? rest : [first]) context.lineTo(...point);
      context.stroke();
    }
  }

  function keep() {
    stored.value = strokes.length ? JSON.stringify(strokes) : "";
    find("[data-problem]").hidden = true;
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    drawing = true;
    strokes.push([pointIn(canvas.getBoundingClientRect(), event.clientX, event.clientY)]);
    redraw();
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    const box = canvas.getBoundingClientRect();
    for (const one of event.getCoalescedEvents?.() ?? [event]) {
      extend(strokes.at(-1), pointIn(box, one.clientX, one.clientY));
    }
    redraw();
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, () => {
      drawing = false;
      keep();
    });
  }
  find("[data-clear]").addEventListener("click", () => {
    strokes = [];
    redraw();
    keep();
  });

  /** @param {boolean} draws */
  function choose(draws) {
    find("[data-drawn]").hidden = !draws;
    find("[data-typed]").hidden = draws;
    find("[data-draw]").setAttribute("aria-pressed", String(draws));
    find("[data-type]").setAttribute("aria-pressed", String(!draws));
    if (draws) typed.value = "";
    else {
      strokes = [];
      redraw();
      keep();
    }
  }
  find("[data-draw]").addEventListener("click", () => choose(true));
  find("[data-type]").addEventListener("click", () => {
    choose(false);
    typed.focus();
  });
  find("[data-how]").hidden = false;
  choose(typed.value === "");
  redraw();
}

/** @param {HTMLElement} root @returns {boolean} whether something is drawn or typed */
export function isSigned(root) {
  const value = (selector) => /** @type {HTMLInputElement} */ (root.querySelector(selector)).value.trim();
  return value("[data-drawing]") !== "" || value("[name=signature]") !== "";
}

/** @param {string} text @returns {[number, number][][]} */
function read(text) {
  try {
    const found = JSON.parse(text || "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}
