/** Says whether everything is stored, keeps a person from leaving while something is not, and asks where two people saved at once. */
import { element } from "../lib/dom.js";
import { postJson } from "../lib/http.js";
import { Saver } from "../lib/transcript-saver.js";
import { toRows } from "../lib/transcript.js";

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);

const WORDS = {
  saved: "Saved", unsaved: "Not saved yet", saving: "Saving…", waiting: "Offline: kept on this page", "signed-out": "Signed out: kept on this page",
  invalid: "Not saved", changed: "Not saved", refused: "Not saved",
};
const TITLES = {
  waiting: "The server has not stored it yet", "signed-out": "You are signed out", invalid: "It cannot be stored like this",
  changed: "Somebody else saved meanwhile", refused: "It was not stored",
};

/** @param {any} editor @returns {Saver} */
export function installSaving(editor) {
  const { data } = editor;
  const saver = new Saver({
    revision: data.revision,
    rows: () => toRows(editor.units),
    why: () => editor.why(),
    send: (units, expected, pause) => postJson(data.saveUrl, { units, expected, pause }),
  });
  const show = () => {
    part("save-status").dataset.state = saver.state;
    if (part("save-text").textContent !== WORDS[saver.state]) part("save-text").textContent = WORDS[saver.state];
    part("save").disabled = saver.state === "saved" || saver.state === "saving";
    const title = TITLES[/** @type {keyof typeof TITLES} */ (saver.state)];
    part("trouble").hidden = !title;
    if (!title) return;
    part("trouble-title").textContent = title;
    part("trouble-text").textContent = saver.message;
    part("trouble-actions").replaceChildren(...actions(saver, editor));
  };
  saver.addEventListener("state", show);
  show();
  part("save").addEventListener("click", () => saver.save());
  window.addEventListener("online", () => saver.save({ pause: true }));
  document.addEventListener("visibilitychange", () => { if (document.hidden) saver.save({ pause: true }); });
  window.addEventListener("beforeunload", (event) => {
    leaveField();
    if (!saver.unsaved) return;
    saver.save({ pause: true });
    event.preventDefault();
  });
  part("done").addEventListener("click", async (/** @type {MouseEvent} */ event) => {
    leaveField();
    if (!saver.unsaved || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (await saver.save()) location.assign(part("done").href);
  });
  return saver;
}

/** A field of time stores what was typed when it is left. */
function leaveField() {
  const field = document.activeElement;
  if (field instanceof HTMLInputElement) field.dispatchEvent(new Event("change", { bubbles: true }));
}

/** What a person can do about it. @param {Saver} saver @param {any} editor */
function actions(saver, editor) {
  const button = (/** @type {string} */ label, /** @type {() => void} */ act) => {
    const node = element("button", { class: "button", type: "button" }, label);
    node.addEventListener("click", act);
    return node;
  };
  if (saver.state === "changed") {
    return [button("Store mine as the newest", () => saver.overwrite()), element("a", { class: "button button--quiet", href: location.pathname, target: "_blank" }, "Look at theirs in another tab")];
  }
  if (saver.state === "invalid") {
    const [first] = editor.problems.length ? editor.problems : saver.problems;
    const [unreadable] = editor.rows.unreadable.values();
    const key = unreadable ?? editor.units[first?.index]?.key;
    return key === undefined ? [] : [button("Go to it", () => editor.rows.focus(key, 0))];
  }
  return [button("Try again", () => saver.save())];
}
