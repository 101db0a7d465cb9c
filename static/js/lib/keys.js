/**
 * Keys and what they do: the name of a key press, which keys the browser keeps for itself, and a person's own map.
 */

/**
 * @typedef {object} Action
 * @property {string} id of its button
 * @property {string} label what the button says
 * @property {string} section
 * @property {string} key as the page offers it; empty for none
 * @typedef {Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey"> & {getModifierState?: (name: string) => boolean}} Press
 */

/** Other keys that mean the same. @type {Record<string, string>} */
const SAME = { "=": "+", _: "-", Backspace: "Delete", "Mod+y": "Mod+Shift+z" };
const BARE = new Set(["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock", "Dead", "Unidentified", "Process"]);
const NAMES = {
  Space: "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Shift: "Shift", "-": "−", Escape: "Esc", Delete: "Del",
  PageUp: "Page up", PageDown: "Page down",
};
/** With Ctrl or ⌘: what browsers do themselves, or do with text. */
const WITH_MOD = new Set([..."tnwrlpfdhjouqkegacvxs0123456789+-", "Tab", "Delete", "F4", "F5", "Enter", "PageUp", "PageDown"]);
const WITH_MOD_SHIFT = new Set([..."tnwrpijcbdmosa", "Tab", "Delete"]);
const WITH_ALT = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "F4", "Tab", "d", "e", "f", "Space", "Enter"]);

/** @param {string} text */
const isLetter = (text) => text.length === 1 && text.toLowerCase() !== text.toUpperCase();

/** The letter or digit that is printed on a key, whatever the layout makes of it. @param {string} code */
const printed = (code) => /^(?:Key([A-Z])|Digit(\d))$/.exec(code ?? "")?.slice(1).find(Boolean)?.toLowerCase() ?? "";

/**
 * The name of a key press, such as `Shift+ArrowLeft`, `Shift+l`, `Mod+z`, `?`. The character counts, not the place of the key, so that `?` and
 * `[` work wherever a layout has them; only with Ctrl, ⌘ or Alt, and for letters that are not Latin, the place counts.
 * @param {Press} press
 * @returns {string} empty for a modifier alone
 */
export function keyName(press) {
  if (BARE.has(press.key)) return "";
  const graph = press.getModifierState?.("AltGraph") ?? false;
  const types = press.key.length === 1 && press.key !== " ";
  // AltGr (Windows says Ctrl+Alt) and Option write characters such as [ on many layouts: then they are part of the character.
  const writes = types && !isLetter(press.key) && !/\d/.test(press.key) && (graph || (press.altKey && press.key !== printed(press.code)));
  const mod = (press.ctrlKey || press.metaKey) && !writes;
  const alt = press.altKey && !writes;
  let key = press.key === " " ? "Space" : types ? press.key.toLowerCase() : press.key;
  if (types && (alt || (isLetter(key) && !/[a-z]/.test(key)))) key = printed(press.code) || key;
  if (types && mod && !/[a-z]/.test(key)) key = printed(press.code) || key;
  const shift = press.shiftKey && (key.length > 1 || isLetter(key) || mod || alt); // "?" and "+" need Shift already
  const name = `${mod ? "Mod+" : ""}${alt ? "Alt+" : ""}${shift ? "Shift+" : ""}${key}`;
  return SAME[name] ?? name;
}

/** @param {string} name @returns {{mods: string[], key: string}} */
export function parts(name) {
  const mods = [];
  let key = name;
  for (let found = /^(Mod|Alt|Shift)\+(?=.)/.exec(key); found; found = /^(Mod|Alt|Shift)\+(?=.)/.exec(key)) {
    mods.push(found[1]);
    key = key.slice(found[0].length);
  }
  return { mods, key };
}

/** The caps of a key, as they are printed: `["Ctrl", "Z"]`. @param {string} name @param {boolean} [mac] */
export function capsOf(name, mac = false) {
  const { mods, key } = parts(name);
  const words = { Mod: mac ? "⌘" : "Ctrl", Alt: mac ? "⌥" : "Alt", Shift: "Shift" };
  return [...mods.map((mod) => words[/** @type {"Mod"} */ (mod)]), NAMES[/** @type {"Space"} */ (key)] ?? (key.length === 1 ? key.toUpperCase() : key)];
}

/** As `aria-keyshortcuts` wants it. @param {string} name */
export function ariaKey(name) {
  const { mods, key } = parts(name);
  return [...mods.map((mod) => (mod === "Mod" ? "Control" : mod)), key === "+" ? "Plus" : key === " " ? "Space" : key.length === 1 ? key.toUpperCase() : key].join("+");
}

/** Why a key cannot be given to a button; empty where it can. @param {string} name */
export function whyReserved(name) {
  const { mods, key } = parts(name);
  const has = (/** @type {string} */ mod) => mods.includes(mod);
  const browser = `The browser or the system keeps ${capsOf(name).join("+")} for itself.`;
  if (!name) return "Hold a modifier together with another key.";
  if (key === "Tab") return "Tab moves between the parts of the page.";
  if (key === "Escape" && !mods.length) return "Esc leaves fields and dialogs and takes back a selection; it stays with that.";
  if (/^F([1-9]|1[0-2])$/.test(key) || ["ContextMenu", "PrintScreen", "Pause", "ScrollLock", "NumLock", "Insert"].includes(key)) return browser;
  if (has("Mod") && has("Shift") ? WITH_MOD_SHIFT.has(key) : has("Mod") && WITH_MOD.has(key)) return browser;
  if (has("Alt") && WITH_ALT.has(key)) return browser;
  return "";
}

/** Whether a key begins a FACS code where no button has it. @param {string} name */
export const beginsCode = (name) => /^\d$/.test(name);

/** A person's map: what the page offers, and where they want it otherwise. */
export class Keymap {
  /** @param {Action[]} actions @param {Record<string, string>} [own] button → key, "" for none */
  constructor(actions, own = {}) {
    this.actions = actions;
    this.byId = new Map(actions.map((action) => [action.id, action]));
    this.own = { ...own };
  }

  /** @param {string} id */
  keyOf(id) {
    return this.own[id] ?? this.byId.get(id)?.key ?? "";
  }

  /** @param {string} key @returns {Action[]} */
  having(key) {
    return key ? this.actions.filter((action) => this.keyOf(action.id) === key) : [];
  }

  /** Actions that would lose or share this key. @param {string} id @param {string} key */
  conflicts(id, key) {
    return this.having(key).filter((action) => action.id !== id);
  }

  /** Keys that two buttons have. @returns {[string, Action[]][]} */
  doubles() {
    const keys = new Set(this.actions.map(({ id }) => this.keyOf(id)).filter(Boolean));
    return [...keys].map((key) => /** @type {[string, Action[]]} */ ([key, this.having(key)])).filter(([, those]) => those.length > 1);
  }

  /** @param {string} id @param {string} key */
  #set(id, key) {
    if (key === this.byId.get(id)?.key) delete this.own[id];
    else this.own[id] = key;
  }

  /** Give a button a key; who had it has none then. @param {string} id @param {string} key */
  take(id, key) {
    for (const other of this.conflicts(id, key)) this.#set(other.id, "");
    this.#set(id, key);
  }

  /** Give a button a key; who had it gets the button's own. @param {string} id @param {string} key */
  swap(id, key) {
    const former = this.keyOf(id);
    const others = this.conflicts(id, key);
    others.forEach((other, index) => this.#set(other.id, index ? "" : former));
    this.#set(id, key);
  }

  /** The key that the page offers; who has it now gives it up. @param {string} id */
  reset(id) {
    this.take(id, this.byId.get(id)?.key ?? "");
  }

  resetAll() {
    this.own = {};
  }
}
