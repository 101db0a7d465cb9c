import assert from "node:assert/strict";
import { test } from "node:test";

import { readMarkers, whyWrong } from "../../static/js/lib/marker-csv.js";

const LONG = 600_000_000;

test("a table with a heading, in any order of columns, with quotes and without an end", () => {
  const { rows, problems } = readMarkers('\uFEFFkind,name,start,end\r\nquestion,"How, then?",0:12.5,\r\nScene,"A ""film""",1:00,2:30.25\r\n\r\n', LONG);
  assert.deepEqual(problems, []);
  assert.deepEqual(rows, [
    { name: "How, then?", kind: "question", start_us: 12_500_000, end_us: null },
    { name: 'A "film"', kind: "scene", start_us: 60_000_000, end_us: 150_250_000 },
  ]);
});

test("semicolons leave the comma to the number; tabs come from spreadsheets", () => {
  assert.equal(readMarkers("Q1;question;12,5;14\n", LONG).rows[0].start_us, 12_500_000);
  assert.equal(readMarkers("Q1\ttask\t3\t4\n", LONG).rows[0].end_us, 4_000_000);
});

test("every wrong line is told by its number, and the others stay", () => {
  const { rows, problems } = readMarkers('name,kind,start,end\nA,task,1,2\n,task,1,2\nB,verdict,1,2\n"C\nc",task,soon,2\nD,task,5,4\nE,task,601,\nF,task,1,601\n', LONG);
  assert.deepEqual(rows.map(({ name }) => name), ["A"]);
  assert.deepEqual(problems.map(({ line }) => line), [3, 4, 5, 7, 8, 9]);
  assert.match(problems[1].why, /not “verdict”/);
  assert.match(problems[2].why, /start/);
});

test("nothing is nothing", () => {
  assert.deepEqual(readMarkers(" \n", LONG), { rows: [], problems: [] });
  assert.equal(whyWrong({ name: "A", kind: "task", start_us: 0, end_us: LONG }, LONG), "");
});
