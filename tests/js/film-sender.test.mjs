import assert from "node:assert/strict";
import { test } from "node:test";
import { FilmSender } from "../../static/js/lib/film-sender.js";

globalThis.document ??= { cookie: "", querySelector: () => null };

/** A shelf that keeps pieces in memory, like the browser's own. */
class Shelf {
  kept = new Map();
  async put(piece) { this.kept.set(piece.from, piece); return true; }
  async remove(_, from) { this.kept.delete(from); }
  async take(_, from) { return this.kept.get(from)?.blob ?? null; }
  async of() { return [...this.kept.values()].sort((a, b) => a.from - b.from); }
}

/** A server that speaks tus, with troubles to come. */
class Server {
  content = "";
  troubles = [];
  asked = [];
  fetch = async (_, { method, headers, body }) => {
    const trouble = this.troubles.shift();
    this.asked.push(method);
    if (trouble === "away") throw new TypeError("network");
    if (typeof trouble === "number") return new Response(JSON.stringify({ error: "No." }), { status: trouble, headers: { "Content-Type": "application/json" } });
    if (method === "PATCH") {
      if (Number(headers["Upload-Offset"]) !== this.content.length) return new Response("", { status: 409 });
      this.content += await body.text();
      if (trouble === "answer lost") throw new TypeError("network");
    }
    return new Response(null, { status: 204, headers: { "Upload-Offset": String(this.content.length) } });
  };
}

function made(offset = 0) {
  const [server, shelf] = [new Server(), new Shelf()];
  const sender = new FilmSender({ session: "s", url: "/film", shelf, offset, fetch: server.fetch });
  return { server, shelf, sender };
}

test("pieces arrive in order and leave the shelf when they are acknowledged", async () => {
  const { server, shelf, sender } = made();
  for (const text of ["ab", "", "cde", "f"]) await sender.add(new Blob([text]));
  await sender.drained();
  assert.equal(server.content, "abcdef");
  assert.deepEqual([sender.made, sender.acknowledged, shelf.kept.size], [6, 6, 0]);
});

test("what is halted sends no more pieces, and goes on where it was", async () => {
  const { server, sender } = made();
  await sender.add(new Blob(["abc"]));
  await sender.halt();
  assert.ok(["", "abc"].includes(server.content)); // nothing is half on its way
  const before = server.content;
  await sender.add(new Blob(["def"]));
  await new Promise((resolve) => { setTimeout(resolve, 20); });
  assert.equal(server.content, before);
  sender.resume();
  await sender.drained();
  assert.equal(server.content, "abcdef");
});

test("a server that is away loses nothing, and is asked again", async () => {
  const { server, sender } = made();
  server.troubles = ["away", 503];
  await sender.add(new Blob(["abc"]));
  await new Promise((resolve) => { sender.addEventListener("change", () => { if (sender.stalled) resolve(); }); });
  await sender.add(new Blob(["def"]));
  sender.hurry();
  await sender.drained();
  assert.equal(server.content, "abcdef");
  assert.equal(sender.stalled, false);
});

test("a piece whose answer was lost is not sent twice", async () => {
  const { server, sender } = made();
  server.troubles = ["answer lost"];
  await sender.add(new Blob(["abc"]));
  await sender.add(new Blob(["de"]));
  await sender.drained();
  assert.equal(server.content, "abcde");
  assert.ok(server.asked.includes("HEAD"));
});

test("a refusal ends it with the server's sentence, and what was not sent stays on the shelf", async () => {
  const { server, shelf, sender } = made();
  server.troubles = [410];
  await sender.add(new Blob(["abc"]));
  await assert.rejects(sender.drained(), /No\./);
  assert.equal(shelf.kept.size, 1);
});

test("another page takes up what one left, from where the server is", async () => {
  const { server, shelf, sender } = made(2);
  server.content = "ab";
  for (const [from, text] of [[0, "ab"], [2, "cd"], [4, "e"]]) await shelf.put({ session: "s", from, blob: new Blob([text]) });
  await sender.restore();
  await sender.drained();
  assert.equal(server.content, "abcde");
  assert.equal(shelf.kept.size, 0);
});
