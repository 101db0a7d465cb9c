/** Who speaks: names to choose from, and one name changed in the whole text. */
import { element } from "../lib/dom.js";
import { renamed, speakers } from "../lib/transcript.js";

/** @param {any} editor @param {HTMLElement} line @param {HTMLElement} names the list that fields offer */
export function installSpeakers(editor, line, names) {
  const row = /** @type {HTMLElement} */ (line.querySelector("#speakers"));
  let said = "";
  const show = () => {
    const all = speakers(editor.units);
    line.hidden = !all.length;
    if (said === all.join("\n") || row.contains(document.activeElement)) return;
    said = all.join("\n");
    names.replaceChildren(...all.map((name) => element("option", { value: name })));
    row.replaceChildren(...all.map(field));
  };
  /** @param {string} name */
  const field = (name) => {
    const input = element("input", { class: "unit__speaker", "aria-label": `Name of ${name} in the whole text`, title: "Changes this name in the whole text", maxlength: "80", autocomplete: "off" });
    input.value = name;
    input.addEventListener("change", () => {
      const now = input.value.trim();
      if (now && now !== name) editor.draft.apply(renamed(editor.units, name, now));
      else input.value = name;
      name = now || name;
    });
    input.addEventListener("blur", () => queueMicrotask(show));
    return input;
  };
  editor.draft.addEventListener("change", show);
  show();
}
