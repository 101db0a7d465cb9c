/* The record on paper: what is folded away stands open while it is printed. */

const folds = document.querySelectorAll(".about details");
const closed = new Set();

addEventListener("beforeprint", () => {
  for (const fold of folds) {
    if (!fold.open) {
      closed.add(fold);
      fold.open = true;
    }
  }
});

addEventListener("afterprint", () => {
  for (const fold of closed) fold.open = false;
  closed.clear();
});

const button = document.querySelector("[data-print]");
button.hidden = false;
button.addEventListener("click", () => print());
