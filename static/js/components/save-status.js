/** Says whether everything is stored, and keeps a person from leaving while something is not. */

const plural = (/** @type {number} */ count) => `${count} ${count === 1 ? "change" : "changes"}`;

/**
 * @param {HTMLElement} box
 * @param {import("../lib/event-store.js").EventStore} store
 * @param {{editable: boolean}} options
 */
export function installSaveStatus(box, store, { editable }) {
  const text = /** @type {HTMLElement} */ (box.querySelector("#save-text"));
  const retry = /** @type {HTMLButtonElement} */ (box.querySelector("#save-retry"));
  if (!editable) {
    box.dataset.state = "reading";
    text.textContent = "Read only";
    return;
  }
  const show = () => {
    // A button that goes and comes with every attempt could not be pressed, and the bar would jump.
    const state = store.queue.stuck ?? store.queue.state;
    const waiting = store.unsaved;
    const keeping = store.queue.durable && (store.queue.keeping || waiting > store.queue.count);
    const where = keeping ? "being kept…" : `kept on this ${store.queue.durable ? "computer" : "page"}`;
    box.dataset.state = waiting && state === "saved" ? "saving" : state;
    text.textContent = {
      saved: waiting ? "Saving…" : "Saved",
      saving: "Saving…",
      offline: `Offline: ${plural(waiting)} ${where}`,
      "signed-out": `${store.queue.otherPerson ? "Another person is signed in" : "Signed out"}: ${plural(waiting)} ${where}`,
    }[state];
    retry.hidden = !["offline", "signed-out"].includes(state);
  };
  store.queue.onChange(show);
  store.addEventListener("saving", show);
  store.addEventListener("change", show);
  retry.addEventListener("click", () => store.queue.retry());
  window.addEventListener("online", () => store.queue.retry());
  window.addEventListener("focus", () => { if (store.queue.state === "signed-out") store.queue.retry(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) store.flush(); });
  window.addEventListener("beforeunload", (event) => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); // a field stores what was typed when it is left
    store.flush();
    if (store.unsaved) event.preventDefault();
  });
}

/**
 * Let a link wait until everything is stored.
 * @param {HTMLAnchorElement} link
 * @param {import("../lib/event-store.js").EventStore} store
 */
export function waitForSaving(link, store) {
  let waits = false;
  store.addEventListener("refused", () => { waits = false; }); // first the person reads what was not stored
  link.addEventListener("click", (event) => {
    store.flush();
    if (!store.unsaved) return;
    event.preventDefault();
    waits = true;
    store.queue.retry();
  });
  store.queue.onChange((state) => {
    if (state === "offline" || state === "signed-out") waits = false; // a page that leaves minutes later would surprise
    if (waits && state === "saved" && !store.unsaved) location.assign(link.href);
  });
}
