/**
 * Light and dark. The system decides until a person chooses; theme-init.js applies the choice before the first paint.
 */

const KEY = "facsweb.theme";
const dark = () => matchMedia("(prefers-color-scheme: dark)");

/** The theme that is showing. @returns {"light" | "dark"} */
export function currentTheme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return dark().matches ? "dark" : "light";
}

/**
 * Show a theme and remember it. Choosing what the system already says removes the choice, so the page follows the system again.
 * @param {"light" | "dark"} theme
 */
export function chooseTheme(theme) {
  const root = document.documentElement;
  const follows = theme === (dark().matches ? "dark" : "light");
  if (follows) delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (follows) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Storage may be forbidden; the choice then lasts for this page.
  }
  announce();
}

/** @param {(theme: "light" | "dark") => void} listener @returns {() => void} stops listening */
export function onThemeChange(listener) {
  const call = () => listener(currentTheme());
  document.addEventListener("facsweb:theme", call);
  return () => document.removeEventListener("facsweb:theme", call);
}

/**
 * The colour that a token has now, for canvas and Plotly.
 * @param {string} name such as "--region-upper"
 * @param {Element} [scope] where it is looked up (inside data-region, --region differs)
 * @returns {string} "rgb(…)"
 */
export function tokenColour(name, scope = document.body) {
  const probe = document.createElement("span");
  probe.hidden = true;
  scope.append(probe);
  probe.style.setProperty("color", `var(${name})`);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function announce() {
  document.dispatchEvent(new CustomEvent("facsweb:theme"));
}

/** Follow the system while nobody has chosen. Called once, by app.js. */
export function watchSystemTheme() {
  dark().addEventListener("change", announce);
}
