import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { describe, expect } from "vitest";
import type { Lake } from "../../data/lake.ts";
import { runHere } from "./here.ts";
import { documentOf, test } from "./terminal.ts";

async function visits(lake: Lake) {
  const table = lake.table("silver.visit");
  await table.ensure({ columns: [{ name: "id", type: "long", nullable: false }] });
  await table.append({ sql: "select range as id from range(3)" });
  await table.append({ sql: "select range as id from range(3, 5)" });
}

test("A query needs neither Redis nor an API", async ({ lake, terminal }) => {
  await visits(lake);
  const { code, stdout, stderr } = await terminal
    .with({ REDIS_URL: undefined })
    .run("sql", "select id, 'visit ' || id as name from silver.visit order by id limit 2");
  expect({ code, stdout }).toEqual({ code: 0, stdout: "id  name\n 0  visit 0\n 1  visit 1\n" });
  expect(stderr).toContain("2 rows");
});

test("--json is one document", async ({ lake, terminal }) => {
  await visits(lake);
  const finished = await terminal.run("sql", "--json", "select max(id) as top from silver.visit");
  expect(documentOf(finished)).toEqual({
    columns: [{ name: "top", type: "BIGINT" }],
    rows: [{ top: 4 }],
    rowCount: 1,
  });
  expect(finished.stderr).toBe("");
});

test("--as-of takes a version, and the name of a table may too", async ({ lake, dir }) => {
  await visits(lake);
  const count = "select count(*) as n from silver.visit";
  expect(documentOf(await runHere(dir, "sql", count, "--as-of", "1", "--json"))).toMatchObject({
    rows: [{ n: 3 }],
  });
  const both = `select (${count}) - (select count(*) from silver."visit@v1") as n`;
  expect(documentOf(await runHere(dir, "sql", both, "--json"))).toMatchObject({ rows: [{ n: 2 }] });
});

test("--file and --out take and leave files, whose names say the format", async ({ lake, dir }) => {
  await visits(lake);
  const file = join(dir, "query.sql");
  await writeFile(file, "-- all of them\nselect id from silver.visit order by id;\n");
  for (const name of ["rows.csv", "rows.ndjson", "rows.json", "rows.parquet", "rows.arrow"]) {
    const out = join(dir, name);
    const document = documentOf(await runHere(dir, "sql", "--file", file, "--out", out, "--json"));
    expect(document).toMatchObject({ out, rows: 5 });
  }
  expect(await readFile(join(dir, "rows.csv"), "utf8")).toBe("id\r\n0\r\n1\r\n2\r\n3\r\n4\r\n");
  expect(tableFromIPC(await readFile(join(dir, "rows.arrow"))).numRows).toBe(5);
  const connection = await (await lake.duckdb()).connect();
  const parquet = await connection.runAndReadAll(
    `select sum(id)::integer from '${join(dir, "rows.parquet")}'`,
  );
  expect(parquet.getRows()).toEqual([[10]]);
});

test("Formats can be piped", async ({ dir }) => {
  expect((await runHere(dir, "sql", "select 1 as a", "--format", "csv")).stdout).toBe("a\r\n1\r\n");
  expect((await runHere(dir, "sql", "select 1 as a", "--format", "ndjson")).stdout).toBe('{"a":1}\n');
});

test("Cells cannot steer the terminal, and long ones are cut", async ({ dir }) => {
  const { stdout } = await runHere(dir, "sql", "select chr(27) || '[31m' || repeat('x', 100) as cell");
  expect(stdout).not.toContain("\u001b");
  expect(stdout).toMatch(/^·\[31mx+…$/m);
});

describe("what goes wrong", () => {
  test.for([
    [["sql", "selec 1"], 1, /syntax error/],
    [["sql", "select nope from range(1)"], 1, /\n {2}line 1: select nope.*\n +\^\n/],
    [["sql", "drop table silver.visit"], 1, /Only reading is offered/],
    [["sql", "from '/etc/passwd.csv'"], 1, /reads a file/],
    [["sql", "from silver.nothing"], 1, /no table silver\.nothing/],
    [["sql", "from range(10)", "--max-rows", "9"], 1, /more than 9 rows/],
    [
      [
        "sql",
        "select sum(a.range * b.range % 7) from range(1000000) a, range(1000000) b",
        "--timeout",
        "0.2",
      ],
      1,
      /longer than 0.2 s/,
    ],
    [["sql"], 2, /no query/],
    [["sql", "select 1", "--file", "x.sql"], 2, /given twice/],
    [["sql", "--file", "/no/such.sql"], 1, /cannot be read/],
    [["sql", "select 1", "--format", "xml"], 2, /table, json/],
    [["sql", "select 1", "--format", "parquet"], 2, /--out/],
    [["sql", "select 1", "--as-of", "yesterday"], 2, /neither a version nor a time/],
    [["sql", "select 1", "--json", "--format", "csv"], 2, /two things/],
  ] as const)("%j exits %i", async ([args, code, words], { dir }) => {
    const finished = await runHere(dir, ...args);
    expect(finished).toMatchObject({ code, stderr: expect.stringMatching(words) });
  });

  test("an interrupt ends the query and leaves no temporary file", async ({ terminal, dir }) => {
    const endless = "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range % 7 = 3";
    const started = terminal.start("sql", endless);
    const spill = join(dir, "spill");
    await expect.poll(async () => (await readdir(spill).catch(() => [])).length).toBe(1);
    started.child.kill("SIGINT");
    expect(await started.finished).toMatchObject({ code: 130, stdout: "" });
    expect(await readdir(spill)).toEqual([]);
  });
});
