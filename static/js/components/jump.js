/** The review page opens where its address says: `?event=<id>` is selected, `?at=<µs>` is shown. */

/** @param {import("../pages/review.js").Review} review */
export function jump(review) {
  const asked = new URLSearchParams(location.search);
  const event = review.store.events.get(asked.get("event") ?? "");
  if (event && event.face !== review.face) {
    const faces = /** @type {HTMLSelectElement | null} */ (document.getElementById("face"));
    if (faces) {
      faces.value = String(event.face);
      faces.dispatchEvent(new Event("change"));
    }
  }
  if (event) review.select(event.id, { look: true });
  const at = Number(asked.get("at") ?? NaN);
  if (asked.get("at") && Number.isFinite(at) && at >= 0) review.look(review.clock.frames.firstFrom(at));
}
