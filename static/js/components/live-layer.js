/**
 * Hears at once when the layer changes elsewhere: another window, another computer, an adjudicator. While there is no connection it
 * looks now and then and when the window comes to the front. What is being edited is never replaced silently: the editor says what
 * changed and who did it.
 */
import { element } from "../lib/dom.js";
import { unit } from "../lib/facs.js";
import { toast } from "../lib/toast.js";
import { differences } from "./event-history.js";

const AGAIN_MS = [1000, 2000, 5000, 15_000, 30_000];
const LOOK_EVERY_MS = 60_000;
const GIVEN_UP = [4401, 4403, 4404];

/** @param {import("../pages/review.js").Review} review */
export function installLiveLayer(review) {
  connect(review);
  sayElsewhere(review);
  review.store.addEventListener("closed", () => {
    if (review.data.layer.editable && review.store.state !== "open") {
      toast("This coding was handed in or signed in another window. Reload the page to see it as it is.", { tone: "attention" });
    }
  });
}

/** @param {import("../pages/review.js").Review} review */
function connect(review) {
  const { store } = review;
  /** @type {WebSocket | null} */ let socket = null;
  let failures = 0;
  const look = () => {
    if (!document.hidden && socket?.readyState !== WebSocket.OPEN) store.look();
  };
  const open = () => {
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${review.data.urls.live}`);
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(data);
      failures = 0;
      if (message.type === "hello") store.queue.retry(); // the server is there again
      if (message.type === "comments" || message.type === "hello") review.dispatchEvent(new Event("comments"));
      if (message.revision !== undefined) store.heard(message.revision);
    });
    socket.addEventListener("close", ({ code }) => {
      if (GIVEN_UP.includes(code)) return;
      setTimeout(open, AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)]);
      failures += 1;
    });
  };
  open();
  setInterval(look, LOOK_EVERY_MS);
  addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
}

/** @param {import("../pages/review.js").Review} review */
function sayElsewhere(review) {
  const editor = document.getElementById("editor-form");
  if (!editor) return;
  const notice = element("p", { class: "editor__elsewhere small", role: "status", hidden: true });
  editor.prepend(notice);
  /** @type {string | null} */ let about = null;
  const hide = () => {
    if (about === review.selected) return;
    notice.hidden = true;
    about = null;
  };
  review.addEventListener("select", hide);
  review.store.addEventListener("elsewhere", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    const mine = detail.find((/** @type {any} */ one) => one.after.id === review.selected && one.before);
    if (!mine) return;
    about = mine.after.id;
    const what = mine.after.deleted ? "deleted" : differences(mine.before, mine.after).join("; ") || "decided on";
    notice.textContent = `${unit(mine.before)} was changed in another window${mine.after.author ? ` by ${mine.after.author}` : ""}: ${what}. You see it as it is now.`;
    notice.hidden = false;
  });
}
