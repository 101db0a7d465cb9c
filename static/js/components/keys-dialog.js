/** The keys of the page, by section: to look up, to search, to change, to print. */
import { element } from "../lib/dom.js";
import { beginsCode, capsOf, keyName, whyReserved } from "../lib/keys.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** @param {string} key */
const caps = (key) => (key ? capsOf(key, MAC).map((cap) => element("kbd", {}, cap)) : [element("span", { class: "quiet" }, "no key")]);

/**
 * @param {HTMLDialogElement} dialog
 * @param {import("../lib/keys.js").Keymap} keymap
 * @param {() => void} onChange the map is another
 */
export function installKeysDialog(dialog, keymap, onChange) {
  const part = (/** @type {string} */ id) => /** @type {any} */ (dialog.querySelector(`#${id}`));
  /** @type {string | null} the action that waits for a key */ let waiting = null;
  /** @type {string} a key that somebody else has */ let wanted = "";

  const draw = () => {
    const search = part("keys-search").value.trim().toLowerCase();
    const shown = keymap.actions.filter((action) => `${action.label} ${capsOf(keymap.keyOf(action.id), MAC).join(" ")} ${action.section}`.toLowerCase().includes(search));
    const sections = [...new Set(shown.map((action) => action.section))];
    part("keys-list").replaceChildren(...sections.map((section) => element("section", {}, element("h3", {}, section),
      ...shown.filter((action) => action.section === section).map(line))));
    part("keys-none").hidden = shown.length > 0;
    const doubles = keymap.doubles();
    part("keys-doubles").hidden = !doubles.length;
    part("keys-doubles").textContent = doubles.map(([key, those]) => `${capsOf(key, MAC).join(" ")} is the key of ${those.map(({ label }) => `“${label}”`).join(" and ")}; the first one that can be pressed gets it.`).join(" ");
    part("keys-reset-all").disabled = !Object.keys(keymap.own).length;
  };

  /** @param {import("../lib/keys.js").Action} action */
  const line = (action) => {
    const own = action.id in keymap.own;
    const change = element("button", { type: "button", class: "keys__change", "data-action": action.id, "aria-label": `${action.label}: ${capsOf(keymap.keyOf(action.id), MAC).join(" ") || "no key"}. Change the key` },
      ...(waiting === action.id ? [element("span", {}, "Press a key…")] : caps(keymap.keyOf(action.id))));
    if (waiting === action.id) change.setAttribute("aria-pressed", "true");
    const reset = element("button", { type: "button", class: "keys__reset", "data-reset": action.id, "aria-label": `${action.label}: back to ${capsOf(action.key, MAC).join(" ") || "no key"}`, title: "As offered" }, "↺");
    return element("div", { class: `keys__line${own ? " is-own" : ""}` }, element("span", {}, action.label), element("span", { class: "keys__keys" }, ...(own ? [reset] : []), change));
  };

  const say = (/** @type {string} */ sentence) => { part("keys-say").textContent = sentence; };

  const ask = (/** @type {string | null} */ id, sentence = "") => {
    waiting = id;
    wanted = "";
    part("keys-conflict").hidden = true;
    say(sentence);
    draw();
    if (id) part("keys-list").querySelector(`[data-action="${CSS.escape(id)}"]`)?.focus();
  };

  const done = (/** @type {string} */ sentence) => {
    const id = waiting;
    waiting = null;
    part("keys-conflict").hidden = true;
    onChange();
    say(sentence);
    draw();
    if (id) part("keys-list").querySelector(`[data-action="${CSS.escape(id)}"]`)?.focus();
  };

  const named = (/** @type {string} */ id) => `“${keymap.byId.get(id)?.label ?? id}”`;
  const printed = (/** @type {string} */ key) => capsOf(key, MAC).join(" ");

  dialog.addEventListener("keydown", (event) => {
    if (!waiting || !(event.target instanceof Element) || !event.target.closest("[data-action]")) return;
    const name = keyName(event);
    if (!name) return; // a modifier: wait for what comes with it
    event.preventDefault();
    event.stopPropagation();
    if (name === "Escape") return ask(null, "Nothing was changed.");
    const reason = whyReserved(name);
    if (reason) return say(`${reason} Press another key, or Esc to leave it as it is.`);
    const others = keymap.conflicts(waiting, name);
    if (others.length) {
      wanted = name;
      part("keys-conflict").hidden = false;
      part("keys-swap").textContent = `Swap with ${named(others[0].id)}`;
      say(`${printed(name)} is the key of ${others.map(({ id }) => named(id)).join(" and ")}.`);
      part("keys-swap").focus();
      return;
    }
    const id = waiting;
    keymap.take(id, name);
    done(`${named(id)} has the key ${printed(name)} now.${beginsCode(name) ? ` ${name} no longer begins a FACS code.` : ""}`);
  });
  dialog.addEventListener("cancel", (event) => { if (waiting) { event.preventDefault(); ask(null, "Nothing was changed."); } });
  dialog.addEventListener("close", () => { waiting = null; });
  part("keys-search").addEventListener("input", () => { waiting = null; draw(); });
  part("keys-search").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter") event.preventDefault(); });
  part("keys-list").addEventListener("click", (/** @type {Event} */ event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button?.dataset.reset) {
      keymap.reset(button.dataset.reset);
      done(`${named(button.dataset.reset)} has its key back.`);
    } else if (button?.dataset.action) {
      const id = button.dataset.action;
      ask(waiting === id ? null : id, waiting === id ? "" : `Press the new key for ${named(id)}, or Esc to leave it as it is.`);
    }
  });
  part("keys-swap").addEventListener("click", () => {
    if (!waiting) return;
    const id = waiting;
    keymap.swap(id, wanted);
    done(`${named(id)} has the key ${printed(wanted)} now, and the other one its former key.`);
  });
  part("keys-take").addEventListener("click", () => {
    if (!waiting) return;
    const id = waiting;
    const [other] = keymap.conflicts(id, wanted);
    keymap.take(id, wanted);
    done(`${named(id)} has the key ${printed(wanted)} now; ${named(other.id)} has none.`);
  });
  part("keys-leave").addEventListener("click", () => ask(null, "Nothing was changed."));
  part("keys-reset-all").addEventListener("click", () => {
    keymap.resetAll();
    done("All keys are as offered.");
  });
  part("keys-print").addEventListener("click", () => {
    document.documentElement.dataset.print = "keys";
    addEventListener("afterprint", () => { delete document.documentElement.dataset.print; }, { once: true });
    print();
  });
  return {
    open() {
      part("keys-search").value = "";
      ask(null);
      dialog.showModal();
    },
  };
}
