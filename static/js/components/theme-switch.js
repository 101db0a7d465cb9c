import { delegate } from "../lib/dom.js";
import { icon } from "../lib/icon.js";
import { chooseTheme, currentTheme, onThemeChange, watchSystemTheme } from "../lib/theme.js";

/** <button data-theme-switch hidden>: shown only where scripts run; its icon is the theme it leads to. */
export function installThemeSwitch() {
  const show = () => {
    const next = currentTheme() === "dark" ? "light" : "dark";
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.replaceChildren(icon(next === "dark" ? "moon" : "sun"));
      button.setAttribute("aria-label", `Switch to the ${next} theme`);
      button.removeAttribute("hidden");
    }
  };
  watchSystemTheme();
  onThemeChange(show);
  delegate("click", "[data-theme-switch]", () => chooseTheme(currentTheme() === "dark" ? "light" : "dark"));
  show();
}
