import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const ROOT = new URL("../../static/js/", import.meta.url);
const files = (await readdir(ROOT, { recursive: true })).filter((name) => name.endsWith(".js"));

test("every relative import of our modules leads to a file", async () => {
  let imports = 0;
  for (const file of files) {
    const url = new URL(file, ROOT);
    for (const [, path] of (await readFile(url, "utf8")).matchAll(/from "(\.[^"]+)"/g)) {
      imports += 1;
      await assert.doesNotReject(readFile(new URL(path, url)), `${file} imports ${path}`);
    }
  }
  assert.ok(imports > 5);
});

test("no module writes HTML from text or evaluates text", async () => {
  for (const file of files) {
    const source = await readFile(new URL(file, ROOT), "utf8");
    for (const word of ["innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "new Function"]) {
      assert.ok(!source.includes(word), `${file} uses ${word}`);
    }
  }
});

test("every icon that a module names is in the sprite", async () => {
  const sprite = await readFile(new URL("../../static/img/icons.svg", import.meta.url), "utf8");
  const ids = new Set([...sprite.matchAll(/<symbol id="([^"]+)"/g)].map(([, id]) => id));
  assert.ok(ids.size >= 35);
  for (const file of files) {
    const source = await readFile(new URL(file, ROOT), "utf8");
    for (const [, name] of source.matchAll(/\bicon\("([^"]+)"/g)) assert.ok(ids.has(name), `${file}: ${name}`);
  }
});
