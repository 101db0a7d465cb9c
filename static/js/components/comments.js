/**
 * Comments in the drawer: on the chosen event, on the moment, on the whole coding. A name after an @ tells that person. What is being
 * typed stays when something fails, and a repeated click writes one comment.
 */
import { confirmDialog } from "../lib/dialog.js";
import { element } from "../lib/dom.js";
import { unit } from "../lib/facs.js";
import { getJson, postJson } from "../lib/http.js";
import { newId } from "../lib/id.js";
import { formatTime, relativeTime } from "../lib/time.js";
import { toastError } from "../lib/toast.js";
import { installMentions, withMentions } from "./mentions.js";

const LONGEST = "2000";
const ABOUT_NOW_US = 500_000;

/** @param {string} label @param {() => void} act @param {string} [more] */
function button(label, act, more = "") {
  const node = element("button", { class: `button ${more}`, type: "button" }, label);
  node.addEventListener("click", act);
  return node;
}

class Comments {
  /** @type {any[]} */ all = [];
  /** @type {string[]} */ people = [];
  wanted = new URLSearchParams(location.search).get("comment");
  #asked = 0;
  /** @type {Set<string>} what was news when this page heard of it: it stays marked while the page is open */ #news = new Set();

  /** @param {import("../pages/review.js").Review} review @param {HTMLElement} panel */
  constructor(review, panel) {
    this.review = review;
    this.text = element("textarea", { id: "comment-text", rows: "3", maxlength: LONGEST, "aria-label": "Comment", placeholder: "Write a comment. @ and a name tells somebody." });
    this.about = element("select", { id: "comment-about", "aria-label": "About what" });
    this.error = element("p", { class: "field__error", id: "comment-error", role: "alert" });
    this.filter = element("select", { id: "comment-filter", "aria-label": "Which comments" },
      element("option", { value: "all" }, "All comments"), element("option", { value: "event" }, "On this event"),
      element("option", { value: "time" }, "At the playhead"), element("option", { value: "open" }, "Not resolved"));
    this.list = element("ol", { class: "comments", id: "comment-list" });
    this.send = element("button", { class: "button button--primary", id: "comment-send" }, "Add comment");
    this.form = element("form", { class: "comment-form" }, this.text, element("div", { class: "comment-form__line" }, this.about, this.send), this.error);
    panel.append(this.form, element("div", { class: "comments__filter" }, this.filter), this.list);
    this.offerPeople = installMentions(this.text, () => this.people);
    this.once(this.form, this.text, this.error, (text) => this.#add(text));
    this.filter.addEventListener("change", () => this.draw());
    for (const name of ["select", "refresh"]) review.addEventListener(name, () => this.draw());
    review.clock.onTick(({ playing }) => { if (!playing) this.#choices(); });
    review.addEventListener("comments", () => this.load());
    review.addEventListener("drawer", () => this.#read());
    review.addEventListener("comment", () => this.write());
  }

  /** Start to write: the shortcut and the event's menu. */
  write() {
    this.review.drawer?.show("comments");
    this.#choices(true);
    this.text.focus();
  }

  async load() {
    const mine = (this.#asked += 1);
    try {
      const { comments, people } = await getJson(`${this.review.data.urls.comments}?layer=${this.review.data.layer.id}`);
      if (mine !== this.#asked) return;
      this.all = comments;
      for (const { id, unread } of comments) if (unread) this.#news.add(id);
      this.people = people;
      this.offerPeople(); // a slow answer: the first name may have been begun already
    } catch (error) {
      if (!this.all.length) this.list.replaceChildren(element("li", { class: "quiet" }, error instanceof Error ? error.message : ""));
      return;
    }
    this.draw();
    this.#open();
  }

  /** Go to the comment that the address names. */
  #open() {
    const { wanted } = this;
    if (!this.all.some(({ id }) => id === wanted)) return;
    this.wanted = null;
    this.#show(/** @type {string} */ (wanted));
  }

  /** Go to a comment, in the drawer and on the timeline. @param {string} id */
  #show(id) {
    const comment = this.all.find((one) => one.id === id);
    if (!comment) return;
    this.review.drawer?.show("comments");
    this.#go(comment);
    if (!document.getElementById(`comment-${id}`)) {
      this.filter.value = "all";
      this.draw();
    }
    document.getElementById(`comment-${id}`)?.scrollIntoView({ block: "nearest" });
  }

  draw() {
    this.#choices();
    if (this.list.contains(document.activeElement) && document.activeElement instanceof HTMLTextAreaElement) return; // somebody writes in it
    const replies = Map.groupBy(this.all.filter(({ parent }) => parent), ({ parent }) => parent);
    const shown = this.all.filter((one) => !one.parent && (!one.deleted || replies.has(one.id)) && this.#wants(one));
    this.list.replaceChildren(...shown.map((one) => this.#item(one, replies.get(one.id) ?? [])));
    if (!shown.length) this.list.append(element("li", { class: "quiet" }, this.all.length ? "No comment of this kind." : "No comments yet."));
    const open = this.all.filter((one) => !one.parent && !one.deleted && !one.resolved);
    const placed = open.flatMap(({ id, event, at_us, text }) => {
      const us = this.review.store.events.get(event)?.onset_us ?? at_us; // a comment on an event goes with it
      return us === null ? [] : [{ us, id, text }];
    });
    this.review.timeline.setMarks(placed, (id) => this.#show(id));
    const tab = document.getElementById("tab-comments");
    if (tab) tab.textContent = open.length ? `Comments (${open.length})` : "Comments";
    this.#read();
  }

  /** @param {any} comment */
  #wants(comment) {
    const us = this.review.clock.timeUs;
    const kinds = {
      event: () => comment.event !== "" && comment.event === this.review.selected,
      time: () => comment.at_us !== null && Math.abs(comment.at_us - us) <= ABOUT_NOW_US,
      open: () => !comment.resolved && !comment.deleted,
    };
    return kinds[/** @type {"event"} */ (this.filter.value)]?.() ?? true;
  }

  /** What a new comment can be about. @param {boolean} [afresh] choose what fits best */
  #choices(afresh = false) {
    const { chosen, clock } = this.review;
    const before = afresh ? "" : this.about.value;
    const options = [["moment", `At ${formatTime(clock.timeUs)}`], ["coding", "On the whole coding"], ["recording", "On the recording, for all"]];
    if (chosen) options.unshift(["event", `On ${unit(chosen)} at ${formatTime(chosen.onset_us)}`]);
    const said = options.map(([, label]) => label).join("|");
    if (this.about.dataset.said !== said) {
      this.about.dataset.said = said;
      this.about.replaceChildren(...options.map(([value, label]) => element("option", { value }, label)));
    }
    const known = options.some(([value]) => value === before);
    this.about.value = known && !(before === "moment" && chosen && !this.text.value) ? before : options[0][0];
  }

  /**
   * Let a form write once for each text, and keep the text until it is stored.
   * @param {HTMLFormElement} form @param {HTMLTextAreaElement} text @param {HTMLElement} error @param {(text: string) => Promise<any>} act
   */
  once(form, text, error, act) {
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const send = /** @type {HTMLButtonElement} */ (form.querySelector("button:not([type=button])"));
      if (send.disabled) return;
      send.disabled = true;
      error.textContent = "";
      try {
        await act(text.value);
        text.value = "";
        text.blur();
        await this.load();
      } catch (failure) {
        error.textContent = failure instanceof Error ? failure.message : "";
      } finally {
        send.disabled = false;
      }
    });
  }

  /** @param {string} text */
  async #add(text) {
    const { review } = this;
    if (review.chosen && this.about.value === "event") review.store.flush();
    const on = {
      event: () => ({ layer: review.data.layer.id, event: review.selected, at_us: review.chosen?.onset_us }),
      moment: () => ({ layer: review.data.layer.id, at_us: review.clock.timeUs }),
      coding: () => ({ layer: review.data.layer.id }),
      recording: () => ({}),
    }[/** @type {"event"} */ (this.about.value)]();
    if (this.sent?.text !== text) this.sent = { text, id: newId() }; // the same text again is the same comment, until it is stored
    await postJson(review.data.urls.comments, { text, request_id: this.sent.id, ...on });
    this.sent = null;
  }

  /** @type {{text: string, id: string} | null} */ sent = null;

  /** @param {string} id @param {object} body */
  async #change(id, body) {
    const { urls } = this.review.data;
    await postJson(urls.comment.replace(urls.placeholder, id), body);
    await this.load();
  }

  /** @param {any} comment */
  #go(comment) {
    if (comment.event && this.review.store.events.has(comment.event)) this.review.select(comment.event, { look: true });
    else if (comment.at_us !== null) this.review.look(comment.at_us);
  }

  /** @param {any} comment */
  #where(comment) {
    const event = this.review.store.events.get(comment.event);
    if (event) return `${unit(event)} · ${formatTime(event.onset_us)}`;
    if (comment.at_us !== null) return formatTime(comment.at_us);
    return comment.layer ? "Whole coding" : "Recording";
  }

  /** @param {any} comment @param {any[]} replies */
  #item(comment, replies) {
    const item = element("li", { class: "comment", id: `comment-${comment.id}`, "data-resolved": comment.resolved });
    const goes = comment.event || comment.at_us !== null;
    const where = goes ? button(this.#where(comment), () => this.#go(comment), "button--quiet comment__where") : element("span", { class: "quiet small" }, this.#where(comment));
    item.append(where, ...this.#said(comment));
    for (const reply of replies) if (!reply.deleted) item.append(element("div", { class: "comment__reply", id: `comment-${reply.id}` }, ...this.#said(reply)));
    const actions = element("div", { class: "comment__actions" });
    actions.append(button("Reply", () => this.#reply(item, comment), "button--quiet"));
    if (!comment.deleted) {
      const act = comment.resolved ? "reopen" : "resolve";
      actions.append(button(comment.resolved ? "Open again" : "Resolve", () => this.#change(comment.id, { action: act }).catch(toastError), "button--quiet"));
      item.append(actions);
    }
    if (comment.resolved) item.append(element("p", { class: "quiet small" }, `Resolved by ${comment.resolved_by}`));
    return item;
  }

  /** Who said what, when. @param {any} comment @returns {Node[]} */
  #said(comment) {
    const moment = new Date(comment.at);
    const head = element("p", { class: "comment__head" }, element("strong", {}, comment.author), " ",
      element("time", { class: "quiet", datetime: comment.at, title: moment.toLocaleString("en-GB") }, relativeTime(moment)), comment.edited ? element("span", { class: "quiet" }, ", edited") : "",
      ...(this.#news.has(comment.id) ? [" ", element("span", { class: "comment__new" }, "mentions you")] : []));
    if (comment.deleted) return [head, element("p", { class: "quiet" }, "Deleted by its author.")];
    const words = element("p", { class: "comment__text" }, ...withMentions(comment.text, comment.mentions));
    if (!comment.mine) return [head, words];
    const remove = async () => {
      if (await confirmDialog("Delete this comment?", { detail: "Its text is removed for everybody.", action: "Delete", danger: true })) await this.#change(comment.id, { action: "delete" });
    };
    const own = element("span", { class: "comment__own" }, button("Edit", () => this.#edit(words, comment), "button--quiet"), button("Delete", () => remove().catch(toastError), "button--quiet"));
    return [head, words, own];
  }

  /** @param {string} label of the field @param {string} action what the button does @param {string} value @param {(text: string) => Promise<any>} act @param {() => void} cancel */
  #small(label, action, value, act, cancel) {
    const text = element("textarea", { rows: "2", maxlength: LONGEST, "aria-label": label });
    text.value = value;
    const error = element("p", { class: "field__error", role: "alert" });
    const form = element("form", { class: "comment-form" }, text, element("div", { class: "comment-form__line" }, element("button", { class: "button button--primary" }, action), button("Cancel", cancel)), error);
    installMentions(text, () => this.people);
    this.once(form, text, error, act);
    return { form, text };
  }

  /** @param {HTMLElement} item @param {any} comment */
  #reply(item, comment) {
    if (item.querySelector("form")) return;
    const request_id = newId();
    const { form, text } = this.#small("Reply", "Send reply", "", (said) => postJson(this.review.data.urls.comments, { text: said, parent: comment.id, request_id }), () => form.remove());
    item.append(form);
    text.focus();
  }

  /** @param {HTMLElement} words @param {any} comment */
  #edit(words, comment) {
    const { form, text } = this.#small("Comment, changed", "Store", comment.text, (said) => this.#change(comment.id, { action: "edit", text: said }), () => form.replaceWith(words));
    words.replaceWith(form);
    text.focus();
  }

  /** What is on screen has been read. */
  #read() {
    if (document.hidden || !this.review.drawer?.shows("comments")) return;
    for (const comment of this.all.filter(({ unread }) => unread)) {
      comment.unread = false;
      const { urls } = this.review.data;
      postJson(urls.comment.replace(urls.placeholder, comment.id), { action: "read" }).catch(() => { comment.unread = true; });
    }
  }
}

/** @param {import("../pages/review.js").Review} review */
export function installComments(review) {
  const panel = document.getElementById("drawer-comments");
  if (!panel || !review.data.urls.comments) return;
  const comments = new Comments(review, panel);
  review.addEventListener("refresh", () => { if (!comments.all.length) comments.load(); }, { once: true });
}
