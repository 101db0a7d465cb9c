/** Names after an @: offered while somebody types, shown as names afterwards. */
import { element } from "../lib/dom.js";

/** @param {string} text up to the caret @returns {string | null} what stands after the last @, where a name may follow */
export function begun(text) {
  const match = /(?:^|\s)@([^@\n]{0,40})$/.exec(text);
  return match ? match[1] : null;
}

/** Names that go on as typed. @param {string[]} people @param {string} typed */
export const matching = (people, typed) => people.filter((name) => name.toLowerCase().startsWith(typed.toLowerCase()) && name !== typed.trimEnd());

/**
 * The text with its names as elements.
 * @param {string} text
 * @param {string[]} names
 * @returns {(Node | string)[]}
 */
export function withMentions(text, names) {
  const found = names.filter((name) => text.includes(`@${name}`)).sort((a, b) => b.length - a.length);
  if (!found.length) return [text];
  const pattern = new RegExp(`(${found.map((name) => `@${RegExp.escape?.(name) ?? name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`).join("|")})`);
  return text.split(pattern).map((part, index) => (index % 2 ? element("span", { class: "mention" }, part) : part));
}

/**
 * @param {HTMLTextAreaElement} field
 * @param {() => string[]} people
 * @returns {() => void} to call when more people are known: who has typed an @ meanwhile is offered them
 */
export function installMentions(field, people) {
  const list = element("ul", { class: "mentions", role: "listbox", id: `mentions-${Math.random().toString(36).slice(2)}`, "aria-label": "People who may read this", hidden: true });
  field.setAttribute("aria-autocomplete", "list");
  let at = 0;
  const options = () => /** @type {HTMLElement[]} */ ([...list.children]);
  const mark = () => options().forEach((option, index) => {
    option.setAttribute("aria-selected", String(index === at));
    if (index === at) field.setAttribute("aria-activedescendant", option.id);
  });
  const hide = () => {
    list.hidden = true;
    field.removeAttribute("aria-activedescendant");
  };
  /** @param {string} name */
  const take = (name) => {
    const before = field.value.slice(0, field.selectionStart);
    const start = before.length - (begun(before) ?? "").length;
    field.setRangeText(`${name} `, start, field.selectionStart, "end");
    hide();
    field.focus();
  };
  const offer = () => {
    if (!list.isConnected) {
      field.after(list);
      field.setAttribute("aria-controls", list.id);
    }
    const typed = begun(field.value.slice(0, field.selectionStart));
    const names = typed === null ? [] : matching(people(), typed).slice(0, 6);
    at = 0;
    list.hidden = !names.length;
    list.replaceChildren(...names.map((name, index) => {
      const option = element("li", { role: "option", id: `${list.id}-${index}` }, name);
      option.addEventListener("pointerdown", (event) => { event.preventDefault(); take(name); });
      return option;
    }));
    if (names.length) mark();
    else hide();
  };
  field.addEventListener("input", offer);
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) at = (at + step + options().length) % options().length;
    else if (event.key === "Enter" || event.key === "Tab") take(options()[at].textContent ?? "");
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (step) mark();
  });
  field.addEventListener("blur", hide);
  return () => { if (document.activeElement === field && list.hidden) offer(); };
}
