import { cp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Lake } from "../../data/lake.ts";
import { runHere } from "./here.ts";
import { documentOf, test } from "./terminal.ts";

/** `silver.visit`: made at version 0, then rows, one of them changed, one deleted. */
async function visits(lake: Lake) {
  const table = lake.table("silver.visit");
  await table.ensure({
    columns: [
      { name: "id", type: "long", nullable: false },
      { name: "who", type: "string", nullable: true },
      { name: "seen", type: "timestamp", nullable: true },
    ],
  });
  const seen = "timestamptz '2024-02-29 12:00:00+00' as seen";
  await table.append({ sql: `select range as id, 'v' || range as who, ${seen} from range(3)` });
  await table.merge({ sql: `select 1::bigint as id, 'ä, "x"' as who, ${seen}` }, { key: ["id"] });
  await table.delete("id = 2");
  return table;
}

async function countIn(lake: Lake, sql: string): Promise<unknown> {
  const connection = await (await lake.duckdb()).connect();
  return (await connection.runAndReadAll(sql)).getRowsJson();
}

describe("looking", () => {
  test("ls names the tables, and those that cannot be read with the reason", async ({ lake, terminal }) => {
    await visits(lake);
    await lake.storage.put("gold/broken/_delta_log/00000000000000000000.json", "no log");

    const people = await terminal.run("table", "ls");
    expect(people.code).toBe(0);
    expect(people.stdout).toMatch(/silver\.visit +3 /);
    expect(documentOf(await terminal.run("table", "ls", "--json"))).toMatchObject({
      tables: [
        { name: "gold.broken", problem: expect.any(String) },
        { name: "silver.visit", version: 3, fileCount: expect.any(Number) },
      ],
    });
  });

  test("an empty lake has no table, which is no error", async ({ dir }) => {
    expect(documentOf(await runHere(dir, "table", "ls", "--json"))).toMatchObject({ tables: [] });
  });

  test("show tells columns and properties of the version asked for", async ({ lake, dir }) => {
    await visits(lake);
    expect((await runHere(dir, "table", "show", "silver.visit")).stdout).toMatch(/who +string/);
    expect(
      documentOf(await runHere(dir, "table", "show", "silver.visit", "--version", "1", "--json")),
    ).toMatchObject({
      name: "silver.visit",
      version: 1,
      columns: [{ name: "id", nullable: false }, { name: "who" }, { name: "seen", type: "timestamp" }],
    });
  });

  test("a table that is not there is named as it was typed, with the one that was meant", async ({
    lake,
    dir,
  }) => {
    await visits(lake);
    for (const typed of ["silver.vist", "Silver.Visit"]) {
      expect(await runHere(dir, "table", "show", typed)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          `^error: There is no table ${typed}: did you mean silver\\.visit\\?\nnext: +millrace table ls`,
        ),
      });
    }
    const { stderr } = await runHere(dir, "table", "show", "gold.completely_else");
    expect(stderr).toContain("There is no table gold.completely_else.\n");
  });

  test("history has the newest first", async ({ lake, dir }) => {
    await visits(lake);
    const document = documentOf(
      await runHere(dir, "table", "history", "silver.visit", "--json", "--limit", "2"),
    );
    expect(document).toMatchObject({ versions: [{ version: 3 }, { version: 2 }] });
    expect((await runHere(dir, "table", "history", "silver.visit")).stdout.trim().split("\n")).toHaveLength(
      5,
    );
  });
});

describe("reading", () => {
  test("prints rows, now and as they were", async ({ lake, dir }) => {
    await visits(lake);
    expect(documentOf(await runHere(dir, "table", "read", "silver.visit", "--json"))).toMatchObject({
      version: 3,
      rowCount: 2,
      truncated: false,
    });
    const before = documentOf(
      await runHere(dir, "table", "read", "silver.visit", "--version", "1", "--json"),
    );
    expect(before).toMatchObject({ version: 1, rowCount: 3 });
    expect((before as { rows: unknown[] }).rows).toContainEqual({
      id: 2,
      who: "v2",
      seen: "2024-02-29T12:00:00Z",
    });
    expect(
      documentOf(
        await runHere(dir, "table", "read", "silver.visit", "--version", "1", "--limit", "1", "--json"),
      ),
    ).toMatchObject({ rowCount: 3, truncated: true, rows: [{}] });
  });

  test("writes rows that the engine reads back the same", async ({ lake, terminal, dir }) => {
    const table = await visits(lake);
    const rows = await (await table.snapshot()).readSql();
    const readers = { parquet: "read_parquet", csv: "read_csv", ndjson: "read_json" };
    for (const [format, reader] of Object.entries(readers)) {
      const out = join(dir, `visits.${format}`);
      expect(
        documentOf(await terminal.run("table", "read", "silver.visit", "--out", out, "--json")),
      ).toMatchObject({
        out,
        format,
        rows: 2,
      });
      const back = `select id, who, seen::timestamptz from ${reader}('${out}')`;
      expect(await countIn(lake, `select count(*) from ((${back}) except all (${rows}))`)).toEqual([["0"]]);
      expect(await countIn(lake, `select count(*) from ((${rows}) except all (${back}))`)).toEqual([["0"]]);
    }
    expect((await readdir(dir)).filter((name) => name.includes("part"))).toEqual([]);
  });

  test("changes are the feed with the protocol's three columns", async ({ lake, terminal, dir }) => {
    await visits(lake);
    const out = join(dir, "changes.parquet");
    const document = documentOf(
      await terminal.run(
        "table",
        "changes",
        "silver.visit",
        "--from",
        "2",
        "--to",
        "3",
        "--out",
        out,
        "--json",
      ),
    );
    expect(document).toMatchObject({ from: 2, to: 3, rows: 3 });
    expect(
      await countIn(
        lake,
        `select id, _change_type, _commit_version from '${out}' where _commit_timestamp is not null order by all`,
      ),
    ).toEqual([
      ["1", "update_postimage", "2"],
      ["1", "update_preimage", "2"],
      ["2", "delete", "3"],
    ]);
    expect((await terminal.run("table", "changes", "silver.visit", "--from", "3")).stdout).toContain(
      "_change_type",
    );
  });

  test.for([
    ["damaged", (file: string) => truncate(file, 10)],
    ["missing", (file: string) => rm(file)],
  ] as const)("a data file that is %s is named, with what to do", async ([fault, spoil], { lake, dir }) => {
    const table = lake.table("silver.note");
    await table.ensure({ columns: [{ name: "id", type: "long", nullable: false }] });
    await table.append({ sql: "select range as id from range(3)" });
    const folder = join(dir, "lake", "silver", "note");
    const [file = ""] = (await readdir(folder)).filter((name) => name.endsWith(".parquet"));
    await spoil(join(folder, file));

    const { code, stderr } = await runHere(dir, "table", "read", "silver.note");
    expect(code).toBe(1);
    expect(stderr).toContain(`${file} is ${fault}`);
    expect(stderr).toContain("millrace table restore silver.note --version N");
    const asked = await runHere(dir, "sql", "select sum(id) from silver.note");
    expect(asked.stderr).toMatch(new RegExp(`${fault}\\. Restore it from a copy`));
  });

  test("a folder is read like a name, also one that others wrote", async ({ lake, dir }) => {
    await visits(lake);
    await cp(join(dir, "lake", "silver", "visit"), join(dir, "else where"), { recursive: true });
    expect(
      documentOf(await runHere(dir, "table", "read", join(dir, "else where"), "--version", "1", "--json")),
    ).toMatchObject({ rowCount: 3 });
  });
});

test("maintenance: optimize, checkpoint, restore and vacuum", async ({ lake, dir }) => {
  const table = await visits(lake);
  await table.append({ sql: "select 7::bigint as id, 'x' as who, null::timestamptz as seen" });
  const json = async (...args: string[]) => documentOf(await runHere(dir, "table", ...args, "--json"));

  expect(await json("optimize", "silver.visit")).toMatchObject({ outcome: "committed", version: 5 });
  expect(await json("optimize", "silver.visit")).toMatchObject({ outcome: "unchanged", version: 5 });
  expect(await json("checkpoint", "silver.visit")).toMatchObject({ version: 5 });
  expect(await json("restore", "silver.visit", "--version", "1")).toMatchObject({
    outcome: "committed",
    version: 6,
  });
  expect(await json("read", "silver.visit")).toMatchObject({ rowCount: 3 });

  const dry = (await json("vacuum", "silver.visit", "--dry-run", "--retention-hours", "0", "--force")) as {
    files: string[];
  };
  expect(dry.files.length).toBeGreaterThan(0);
  const refused = await runHere(dir, "table", "vacuum", "silver.visit", "--retention-hours", "0");
  expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/next: +add --force/) });
  expect(await json("vacuum", "silver.visit", "--retention-hours", "0", "--force")).toMatchObject({
    files: dry.files,
    dryRun: false,
  });
  expect(await json("read", "silver.visit")).toMatchObject({ rowCount: 3 });
});

describe("errors say what to do and change nothing", () => {
  test.for([
    [["show", "silver.nothing"], 1, /millrace table ls/],
    [["read", "./no/such/folder"], 1, /_delta_log/],
    [["read", "silver.visit", "--version", "99"], 1, /no version 99/],
    [["read", "silver.visit", "--version", "x"], 2, /whole number/],
    [["read", "silver.visit", "--version", "1", "--timestamp", "2024-01-01"], 2, /--version or --timestamp/],
    [["read", "silver.visit", "--out", "rows.xls"], 2, /\.parquet/],
    [["changes", "silver.visit"], 2, /--from/],
    [["changes", "silver.visit", "--from", "3", "--to", "1"], 2, /before/],
    [["restore", "silver.visit"], 2, /--version/],
    [["polish", "silver.visit"], 2, /millrace help table/],
  ] as const)("%j", async ([args, code, words], { lake, dir }) => {
    await visits(lake);
    const finished = await runHere(dir, "table", ...args);
    expect(finished).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(words) });
    expect((await lake.table("silver.visit").snapshot()).version).toBe(3);
  });

  test("a file that cannot be written leaves what was there", async ({ lake, dir }) => {
    await visits(lake);
    const out = join(dir, "rows.csv");
    await writeFile(out, "precious");
    await lake.storage.put("silver/visit/_delta_log/00000000000000000004.json", "no log");
    expect((await runHere(dir, "table", "read", "silver.visit", "--out", out)).code).toBe(1);
    expect(await readFile(out, "utf8")).toBe("precious");
  });
});
