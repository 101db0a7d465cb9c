/* Runs before the first paint, so a chosen theme never flashes. Not a module: modules are deferred. */
(() => {
  try {
    const chosen = localStorage.getItem("facsweb.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage may be forbidden; the system's choice stands.
  }
})();
