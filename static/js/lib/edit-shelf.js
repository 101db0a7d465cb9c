/**
 * Where edits lie until the server has confirmed them: the browser's IndexedDB, apart by person and coding. Another person on this
 * computer neither sees nor sends them.
 */
const NAME = "facsweb-edits";
const STORE = "edits";

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" }).createIndex("owner", ["user", "layer"]);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
    asked.onblocked = () => reject(new Error("The store of edits is locked by another window."));
  });
}

/** @template T @param {IDBRequest<T>} asked @returns {Promise<T>} */
const result = (asked) => new Promise((resolve, reject) => {
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});

/** @implements {import("./save-queue.js").Shelf} */
export class EditShelf {
  /** @param {IDBDatabase} database @param {string} user @param {string} layer */
  constructor(database, user, layer) {
    this.database = database;
    this.user = user;
    this.layer = layer;
    database.onversionchange = () => database.close();
  }

  /**
   * @param {string} user
   * @param {string} layer
   * @returns {Promise<EditShelf | null>} null where the browser keeps nothing
   */
  static async open(user, layer) {
    try {
      return new EditShelf(await openDatabase(), user, layer);
    } catch {
      return null;
    }
  }

  async read() {
    return result(this.database.transaction(STORE).objectStore(STORE).index("owner").getAll([this.user, this.layer]));
  }

  /** Resolves when the disk has it. @param {import("./save-queue.js").Edit} edit */
  async put(edit) {
    const { kept, ...plain } = edit;
    await this.#write((store) => store.put({ ...plain, user: this.user, layer: this.layer }));
  }

  /** @param {string} id */
  async remove(id) {
    await this.#write((store) => store.delete(id));
  }

  /** @param {(store: IDBObjectStore) => void} write @returns {Promise<void>} */
  #write(write) {
    return new Promise((resolve, reject) => {
      const transaction = this.database.transaction(STORE, "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
      write(transaction.objectStore(STORE));
    });
  }
}
