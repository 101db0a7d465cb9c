/**
 * Pieces of a film that the server has not acknowledged yet, kept by the browser so that a reload loses none of them. Where the browser
 * keeps nothing (a private window), they are kept as long as the page is there.
 */

const NAME = "facsweb-live";
const STORE = "pieces";
/** The server makes a recording of what it has an hour after a page went away; then pieces are of no use any more. */
const USELESS_MS = 24 * 3_600_000;

/** @typedef {{session: string, from: number, blob: Blob, at?: number}} Piece */

/** @returns {Promise<IDBDatabase | null>} */
function opened() {
  return new Promise((resolve) => {
    try {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: ["session", "from"] });
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = asked.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

/** @template T @param {IDBRequest<T>} asked @returns {Promise<T>} */
const done = (asked) => new Promise((resolve, reject) => {
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});

export class FilmShelf {
  #database = opened();

  /** @param {Piece} piece @returns {Promise<boolean>} whether it will survive a reload */
  async put(piece) {
    try {
      const store = await this.#store("readwrite");
      if (!store) return false;
      await done(store.put({ ...piece, at: Date.now() }));
      return true;
    } catch {
      return false; // no room: the page still holds it
    }
  }

  /** @param {string} session @param {number} from */
  async remove(session, from) {
    const store = await this.#store("readwrite");
    if (store) await done(store.delete([session, from])).catch(() => {});
  }

  /** @param {string} session @param {number} from @returns {Promise<Blob | null>} */
  async take(session, from) {
    const store = await this.#store("readonly");
    const piece = store && await done(store.get([session, from])).catch(() => null);
    return piece?.blob ?? null;
  }

  /** Everything kept of a session, in order. @param {string} session @returns {Promise<Piece[]>} */
  async of(session) {
    const store = await this.#store("readonly");
    if (!store) return [];
    return done(store.getAll(IDBKeyRange.bound([session, 0], [session, Number.MAX_SAFE_INTEGER]))).catch(() => []);
  }

  /** @param {string} session */
  async clear(session) {
    for (const { from } of await this.of(session)) await this.remove(session, from);
  }

  /** Delete what nobody came back for: nobody's face stays in a browser for ever. @param {(session: string) => boolean} goesOn */
  async sweep(goesOn) {
    const store = await this.#store("readonly");
    const all = store ? await done(store.getAll()).catch(() => []) : [];
    const old = all.filter((/** @type {Piece} */ { session, at = 0 }) => Math.abs(Date.now() - at) > USELESS_MS && !goesOn(session));
    for (const { session, from } of old) await this.remove(session, from);
  }

  /** @param {IDBTransactionMode} mode */
  async #store(mode) {
    return (await this.#database)?.transaction(STORE, mode).objectStore(STORE) ?? null;
  }
}
