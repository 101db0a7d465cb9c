import { delegate } from "../lib/dom.js";
import { toast } from "../lib/toast.js";

/** <button data-copy="text"> copies the text; data-copy="#id" copies the text of that element. */
export function installCopy() {
  delegate("click", "[data-copy]", async (_event, button) => {
    const wanted = button.dataset.copy ?? "";
    const text = wanted.startsWith("#") ? (document.querySelector(wanted)?.textContent ?? "").trim() : wanted;
    try {
      await navigator.clipboard.writeText(text);
      toast("Copied.", { tone: "good" });
    } catch {
      toast("The browser did not allow copying. Select the text and copy it by hand.", { tone: "attention" });
    }
  });
}
