/**
 * The drawer on the right: tabs of what a coder looks up. From 1200 px it takes room of its own, below it lies over the timeline,
 * on phones it stands below the event and is always open. `review.drawer.show("comments")` opens it at a tab; the review page tells
 * of `drawer` when another tab is shown, so that a panel is filled only while it is looked at.
 */
import { recall, remember } from "../lib/remembered.js";
import { installSplitter } from "./splitter.js";
import { selectTab } from "./tabs.js";

const BESIDE = "(min-width: 1200px)";
const STACKED = "(max-width: 860px)";
const ROOM_PX = 1400; // from here the drawer is open until somebody closes it

export class Drawer {
  /** @param {HTMLElement} page @param {() => void} onChange */
  constructor(page, onChange) {
    this.page = page;
    this.onChange = onChange;
    this.node = /** @type {HTMLElement} */ (page.querySelector("#drawer"));
    this.button = /** @type {HTMLButtonElement} */ (page.querySelector("#drawer-toggle"));
    this.beside = matchMedia(BESIDE);
    this.stacked = matchMedia(STACKED);
    this.#set(this.#atFirst());
    const tab = recall("drawer.tab", "card");
    if (tab !== "card" && this.tab(tab)) selectTab(/** @type {HTMLElement} */ (this.tab(tab)), false);
    this.beside.addEventListener("change", () => this.#set(this.#atFirst()));
    this.button.addEventListener("click", () => this.toggle());
    page.querySelector("#drawer-close")?.addEventListener("click", () => this.close());
    this.node.addEventListener("tab", () => {
      remember("drawer.tab", this.shown);
      this.onChange();
    });
    this.node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || this.stacked.matches) return;
      event.preventDefault();
      this.close();
    });
  }

  #atFirst() {
    return this.beside.matches && recall("drawer.open", innerWidth >= ROOM_PX);
  }

  /** @param {string} name card, reason, comments or history @returns {HTMLElement | null} */
  tab(name) {
    return this.node.querySelector(`#tab-${name}`);
  }

  get isOpen() {
    return this.stacked.matches || this.page.dataset.drawer === "open";
  }

  /** The tab that is chosen: card, reason, comments or history; to be seen only while the drawer is open. */
  get shown() {
    return (this.node.querySelector('[role="tab"][aria-selected="true"]')?.id ?? "tab-card").slice("tab-".length);
  }

  /** Whether a tab is on screen. @param {string} name */
  shows(name) {
    return this.isOpen && this.shown === name;
  }

  /** Open at a tab. @param {string} name */
  show(name) {
    const tab = this.tab(name);
    if (tab) selectTab(tab, false);
    this.#set(true, true);
    if (this.stacked.matches) this.node.scrollIntoView({ block: "start" });
  }

  /** The key and its button: the card; again, and the drawer goes. */
  toggle() {
    if (this.shows("card") && !this.stacked.matches) this.close();
    else this.show("card");
  }

  close() {
    const inside = this.node.contains(document.activeElement);
    this.#set(false, true);
    if (inside) this.button.focus();
  }

  /** @param {boolean} open @param {boolean} [keep] */
  #set(open, keep = false) {
    this.page.dataset.drawer = open ? "open" : "closed";
    this.button.setAttribute("aria-expanded", String(this.isOpen));
    if (keep && this.beside.matches) remember("drawer.open", open);
    this.onChange();
  }
}

/** @param {import("../pages/review.js").Review} review */
export function installDrawer(review) {
  const page = document.getElementById("review");
  const line = document.getElementById("splitter");
  if (!page || !line) return;
  review.drawer = new Drawer(page, () => review.dispatchEvent(new Event("drawer")));
  installSplitter(page, line);
}
