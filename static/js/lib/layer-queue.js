/** The queue of edits of one person's layer in this browser: kept on disk, shared by tabs, sent by one tab at a time. */
import { EditShelf } from "./edit-shelf.js";
import { bodyOf } from "./event-store.js";
import { HttpError, postJson } from "./http.js";
import { SaveQueue } from "./save-queue.js";

const PATIENCE_MS = 20_000; // a server that takes longer is tried again; what it did write is not written twice

/**
 * @param {string} url takes changes of the layer
 * @param {string} user id of who is signed in
 * @param {string} layer
 * @returns {Promise<SaveQueue>}
 */
export async function layerQueue(url, user, layer) {
  const name = `facsweb-edits:${user}:${layer}`;
  return new SaveQueue({
    shelf: await EditShelf.open(user, layer),
    channel: globalThis.BroadcastChannel ? new BroadcastChannel(name) : null,
    alone: (work) => (navigator.locks ? navigator.locks.request(name, work) : work()),
    send: async (edit) => {
      const answer = await postJson(url, { ...bodyOf(edit), author: user }, { signal: AbortSignal.timeout(PATIENCE_MS) });
      if (!Array.isArray(answer?.events)) throw new HttpError("Something else than the server answered.", { code: "bad_json" });
      return answer;
    },
  });
}
