/** Small choices of one person on one machine (widths, what is open), kept by the browser; without storage they last as long as the page. */

const PREFIX = "facsweb.review.";

/**
 * @template T
 * @param {string} name
 * @param {T} otherwise also says of what type the value is; anything else that is stored is ignored
 * @returns {T}
 */
export function recall(name, otherwise) {
  try {
    const stored = JSON.parse(localStorage.getItem(PREFIX + name) ?? "null");
    return typeof stored === typeof otherwise && stored !== null ? stored : otherwise;
  } catch {
    return otherwise; // storage is refused, or somebody else wrote there
  }
}

/** @param {string} name @param {unknown} value null forgets */
export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // storage is refused or full: the choice lasts as long as the page
  }
}
