import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { csrfToken, errorFrom, getJson, HttpError, postJson, request } from "../../static/js/lib/http.js";

/** A real server; it answers with what the path asks for. */
const server = createServer((req, res) => {
  let body = "";
  req.on("data", (chunk) => { body += chunk; });
  req.on("end", () => {
    const send = (status, type, text) => res.writeHead(status, { "Content-Type": type }).end(text);
    const answers = {
      "/echo": () => send(200, "application/json", JSON.stringify({ method: req.method, headers: req.headers, body })),
      "/empty": () => res.writeHead(204).end(),
      "/refused": () => send(409, "application/json", '{"error": "Coder B signed this meanwhile.", "code": "signed", "fields": {"onset": ["too late"]}}'),
      "/html-403": () => send(403, "text/html", "<h1>Forbidden</h1>"),
      "/broken": () => send(502, "text/html", "bad gateway"),
      "/bad-json": () => send(200, "application/json", "{"),
      "/to-login": () => res.writeHead(302, { Location: "/login" }).end(),
      "/login": () => send(200, "text/html", "<form>"),
      "/text": () => send(200, "text/plain", "hello"),
      "/slow": () => {},
    };
    answers[req.url]();
  });
});
let base = "";

before(async () => {
  globalThis.document = { cookie: "a=1; csrftoken=from%2Dcookie", querySelector: () => null };
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${server.address().port}`;
});
after(() => { server.closeAllConnections(); server.close(); });

const failure = async (promise) => promise.then(() => assert.fail("did not fail"), (error) => error);

test("the token comes from the cookie, which changes with signing in, otherwise from the meta element, otherwise there is none", () => {
  assert.equal(csrfToken({ querySelector: () => ({ getAttribute: () => "meta" }), cookie: "csrftoken=c" }), "c");
  assert.equal(csrfToken({ querySelector: () => ({ getAttribute: () => "meta" }), cookie: "" }), "meta");
  assert.equal(csrfToken({ querySelector: () => null, cookie: "x=1; csrftoken=c%3D" }), "c=");
  assert.equal(csrfToken({ querySelector: () => null, cookie: "notcsrftoken=c" }), "");
});

test("a post carries JSON and the CSRF token; a get carries no token", async () => {
  const sent = await postJson(`${base}/echo`, { onset_us: 5 });
  assert.equal(sent.method, "POST");
  assert.equal(sent.body, '{"onset_us":5}');
  assert.equal(sent.headers["content-type"], "application/json");
  assert.equal(sent.headers["x-csrftoken"], "from-cookie");
  assert.equal((await getJson(`${base}/echo`)).headers["x-csrftoken"], undefined);
});

test("no content is null, text is text", async () => {
  assert.equal(await request("DELETE", `${base}/empty`), null);
  assert.equal(await getJson(`${base}/text`), "hello");
});

test("the server's own sentence, code and fields arrive", async () => {
  const error = await failure(postJson(`${base}/refused`, {}));
  assert.ok(error instanceof HttpError);
  assert.deepEqual([error.message, error.status, error.code], ["Coder B signed this meanwhile.", 409, "signed"]);
  assert.deepEqual(error.fields, { onset: ["too late"] });
});

test("an error page becomes a sentence for its status, not its HTML", async () => {
  const forbidden = await failure(getJson(`${base}/html-403`));
  assert.match(forbidden.message, /role in this study/);
  const broken = await failure(getJson(`${base}/broken`));
  assert.equal(broken.status, 502);
  assert.match(broken.message, /server failed/);
  assert.match((await failure(getJson(`${base}/bad-json`))).message, /server failed/);
});

test("a redirect to the login page says that one is signed out", async () => {
  const error = await failure(getJson(`${base}/to-login`));
  assert.deepEqual([error.status, error.code], [401, "signed_out"]);
});

test("no connection is a sentence with status 0; an abort stays an AbortError", async () => {
  const closed = await failure(getJson("http://127.0.0.1:9"));
  assert.ok(closed instanceof HttpError);
  assert.deepEqual([closed.status, closed.code], [0, "unreachable"]);
  const stop = new AbortController();
  const waiting = failure(getJson(`${base}/slow`, { signal: stop.signal }));
  stop.abort();
  assert.equal((await waiting).name, "AbortError");
});

test("a JSON body that is not an object still gives a sentence", async () => {
  const error = await errorFrom(new Response("null", { status: 429, headers: { "Content-Type": "application/json" } }));
  assert.match(error.message, /Too many requests/);
});
