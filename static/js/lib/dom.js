/**
 * Build an element from nodes and text; text is never read as HTML.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | boolean | null | undefined>} [attributes] true sets an empty attribute; false, null and undefined set none
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (typeof value === "string") node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/**
 * Call `handler` for an event on any present or future element that matches, so that content swapped in by htmx works too.
 * @param {string} type
 * @param {string} selector
 * @param {(event: Event, target: HTMLElement) => void} handler
 * @param {boolean} [capture]
 */
export function delegate(type, selector, handler, capture = false) {
  document.addEventListener(type, (event) => {
    const target = event.target instanceof Element ? event.target.closest(selector) : null;
    if (target instanceof HTMLElement) handler(event, target);
  }, { capture });
}

/**
 * Show a fragment that our own server's template wrote (and escaped). The only place where text becomes HTML; scripts in it never run.
 * @param {Element} target its content is replaced
 * @param {string} html
 */
export function showServerHtml(target, html) {
  target.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
}
