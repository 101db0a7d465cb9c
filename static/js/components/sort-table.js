/** Tables whose columns can be sorted: `<table data-sort>`, a button in every sortable heading, `data-value` on cells whose text does not sort. */
for (const table of document.querySelectorAll("table[data-sort]")) {
  const body = table.querySelector("tbody");
  for (const button of table.querySelectorAll("thead button")) {
    button.addEventListener("click", () => {
      const heading = /** @type {HTMLTableCellElement} */ (button.closest("th"));
      const down = heading.getAttribute("aria-sort") !== "descending" && heading.classList.contains("num") || heading.getAttribute("aria-sort") === "ascending";
      for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      body?.append(...sorted([.../** @type {HTMLTableSectionElement} */ (body).rows], heading.cellIndex, down));
    });
  }
}

/** @param {HTMLTableRowElement[]} rows @param {number} column @param {boolean} down @returns {HTMLTableRowElement[]} what has no value comes last */
function sorted(rows, column, down) {
  const value = (/** @type {HTMLTableRowElement} */ row) => row.cells[column].dataset.value ?? row.cells[column].textContent?.trim() ?? "";
  const isEmpty = (/** @type {string} */ text) => text === "" || text === "–";
  return rows.sort((a, b) => {
    const [one, two] = [value(a), value(b)];
    if (isEmpty(one) || isEmpty(two)) return Number(isEmpty(one)) - Number(isEmpty(two));
    return one.localeCompare(two, "en", { numeric: true }) * (down ? -1 : 1);
  });
}
