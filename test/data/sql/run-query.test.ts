import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Lake } from "../../../data/lake.ts";
import { QueryError, QueryForbiddenError, QueryLimitError } from "../../../data/sql/query-error.ts";
import { tablesOf } from "../../../data/sql/query-tables.ts";
import { type Query, type QueryLimits, runQuery } from "../../../data/sql/run-query.ts";
import { test as base } from "../../support/test.ts";

const MIB = 1024 ** 2;

interface Fixtures {
  limits: QueryLimits;
}

const test = base.extend<Fixtures>({
  limits: async ({ dir }, use) =>
    use({
      memoryBytes: 256 * MIB,
      threads: 1,
      tempDir: join(dir, "sql"),
      timeoutMs: 20_000,
      maxRows: 100_000,
    }),
});

/** `silver.visit` in two versions: three rows, then five. */
async function visits(lake: Lake) {
  const table = lake.table("silver.visit");
  await table.ensure({
    columns: [
      { name: "id", type: "long", nullable: false },
      { name: "who", type: "string", nullable: true },
    ],
  });
  await table.append({ sql: "select range as id, 'v' || range as who from range(3)" });
  await table.append({ sql: "select range as id, 'w' || range as who from range(3, 5)" });
  return table;
}

async function rowsOf(lake: Lake, query: Query | string, limits: QueryLimits) {
  await using result = await runQuery(
    tablesOf(lake),
    typeof query === "string" ? { sql: query } : query,
    limits,
  );
  const rows: unknown[][] = [];
  for await (const chunk of result.chunks()) rows.push(...chunk.getRows());
  expect(rows).toHaveLength(result.rowCount);
  return rows;
}

const failureOf = (lake: Lake, query: Query | string, limits: QueryLimits) =>
  rowsOf(lake, query, limits).then(
    (rows) => rows,
    (error: unknown) => error,
  );

describe("tables", () => {
  test("are read by schema and name, in any case, ordered as asked", async ({ lake, limits }) => {
    await visits(lake);
    expect(await rowsOf(lake, "select id from Silver.VISIT order by id desc limit 2;", limits)).toEqual([
      [4n],
      [3n],
    ]);
  });

  test("are read as of a version or a time, all of them or one", async ({ lake, limits }) => {
    const table = await visits(lake);
    const count = "select count(*) from silver.visit";
    const { version } = await table.snapshot();
    const { timestamp } = await table.snapshot({ version: version - 1 });
    const before = `${timestamp.toISOString()}`;

    expect(await rowsOf(lake, count, limits)).toEqual([[5n]]);
    expect(await rowsOf(lake, { sql: count, asOf: { version: version - 1 } }, limits)).toEqual([[3n]]);
    expect(await rowsOf(lake, { sql: count, asOf: { timestamp } }, limits)).toEqual([[3n]]);
    expect(
      await rowsOf(
        lake,
        `select (select count(*) from silver."visit@v${version - 1}"), (select count(*) from silver."visit@${before}"), (${count})`,
        limits,
      ),
    ).toEqual([[3n, 3n, 5n]]);
  });

  test("that nobody names are not looked at", async ({ lake, limits }) => {
    await visits(lake);
    await lake.storage.put("silver/broken/_delta_log/00000000000000000000.json", "not a log");

    expect(await rowsOf(lake, "select count(*) from silver.visit", limits)).toEqual([[5n]]);
    expect(await failureOf(lake, "select count(*) from silver.broken", limits)).toBeInstanceOf(Error);
  });

  test("are listed and described", async ({ lake, limits }) => {
    await visits(lake);
    expect(await rowsOf(lake, "show tables", limits)).toEqual([["silver", "visit"]]);
    expect((await rowsOf(lake, "describe silver.visit", limits)).map((row) => row.slice(0, 2))).toEqual([
      ["id", "BIGINT"],
      ["who", "VARCHAR"],
    ]);
    expect(await rowsOf(lake, "explain select * from silver.visit", limits)).toHaveLength(1);
  });

  test("that are not there are told with those that are, and the place", async ({ lake, limits }) => {
    await visits(lake);
    const error = await failureOf(lake, "select *\nfrom silver.vist", limits);
    expect(error).toBeInstanceOf(QueryError);
    expect(error).toMatchObject({
      message: "There is no table silver.vist: did you mean silver.visit?",
      position: { line: 2, column: 6 },
    });
    expect(await failureOf(lake, "from visit", limits)).toMatchObject({
      message: expect.stringContaining("silver.visit"),
    });
    expect(await failureOf(lake, { sql: "from silver.visit", asOf: { version: 99 } }, limits)).toMatchObject({
      name: "QueryError",
      message: expect.stringContaining("no version 99"),
    });
  });

  test("are not to be had as files, not even their own", async ({ lake, limits }) => {
    await visits(lake);
    const files: string[] = [];
    for await (const { key } of lake.storage.list("silver/visit/"))
      files.push(await lake.storage.localPath(key));
    const parquet = files.find((file) => file.endsWith(".parquet"));
    for (const sql of [
      `from '${parquet}'`,
      `from read_parquet('${parquet}')`,
      `from read_blob('${parquet}')`,
    ])
      expect(await failureOf(lake, sql, limits)).toBeInstanceOf(QueryForbiddenError);
  });

  test("keep their paths out of what EXPLAIN tells", async ({ lake, dir, limits }) => {
    await visits(lake);
    for (const sql of ["explain from silver.visit", "explain (format json) from silver.visit"])
      expect(JSON.stringify(await rowsOf(lake, sql, limits))).not.toContain(dir);
  });

  test("a file that a query may not read stays closed even when its name hides behind one that it may", async ({
    lake,
    limits,
  }) => {
    // The name passes as that of the inner expression; only the lock sees the file.
    const sql = `select * from (with "/etc/hostname.csv" as (select 1) select 2), "/etc/hostname.csv"`;
    expect(await failureOf(lake, sql, limits)).toBeInstanceOf(QueryForbiddenError);
  });
});

describe("errors", () => {
  test.for([
    ["select id,\n  whom from silver.visit", /"whom" not found/, { line: 2, column: 3 }],
    ["select 'ä🙂', whom from silver.visit", /"whom" not found/, { line: 1, column: 15 }],
    ["select who::int from silver.visit", /Could not convert string 'v0'/, { line: 1, column: 11 }],
    ["explain select whom from silver.visit", /"whom" not found/, { line: 1, column: 16 }],
    ["select no_function(1)", /no_function/, { line: 1, column: 8 }],
    ["select $1", /parameter/, undefined],
  ] as const)(
    "of the engine come in its words, with the place: `%s`",
    async ([sql, words, position], { lake, limits }) => {
      await visits(lake);
      const error = await failureOf(lake, sql, limits);
      expect(error).toBeInstanceOf(QueryError);
      expect(error).toMatchObject({ message: expect.stringMatching(words) });
      if (position) expect(error).toMatchObject({ position });
    },
  );

  test("that are not the query's fault are not blamed on it", async ({ lake, limits }) => {
    await visits(lake);
    for await (const { key } of lake.storage.list("silver/visit/"))
      if (key.endsWith(".parquet")) await lake.storage.delete(key);
    const error = await failureOf(lake, "from silver.visit", limits);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(QueryError);
  });

  test("half-way through the rows are known before the first row is given", async ({ lake, limits }) => {
    const sql = "select case when range = 90000 then error('late') else range end from range(100000)";
    expect(await failureOf(lake, sql, limits)).toMatchObject({ name: "QueryError", message: /late/ });
  });
});

describe("limits", () => {
  const endless = "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range % 7 = 3";

  test("of time end a query", async ({ lake, limits }) => {
    const error = await failureOf(lake, endless, { ...limits, timeoutMs: 200 });
    expect(error).toBeInstanceOf(QueryLimitError);
    expect(error).toMatchObject({ limit: "time" });
    expect(await rowsOf(lake, "select 1", limits)).toEqual([[1]]);
  });

  test("of rows are exact", async ({ lake, limits }) => {
    expect(await rowsOf(lake, "from range(10)", { ...limits, maxRows: 10 })).toHaveLength(10);
    expect(await failureOf(lake, "from range(11)", { ...limits, maxRows: 10 })).toMatchObject({
      limit: "rows",
    });
  });

  test("of memory end a query, and more memory lets it through", async ({ lake, limits }) => {
    const sql = "select length(list(repeat('x', 1000) || range)::varchar) > 0 from range(40000)";
    expect(await failureOf(lake, sql, { ...limits, memoryBytes: 64 * MIB })).toMatchObject({
      limit: "memory",
    });
    expect(await rowsOf(lake, sql, { ...limits, memoryBytes: 2048 * MIB })).toEqual([[true]]);
  });

  test("of memory let a large result through by way of the disk", async ({ lake, limits }) => {
    const sql = "select range, repeat('x', 1000) || range as text from range(100000)";
    expect(await rowsOf(lake, sql, { ...limits, memoryBytes: 64 * MIB })).toHaveLength(100_000);
  });

  test("do not outlive a caller who leaves, running or in line", async ({ lake, limits }) => {
    const leaving = new AbortController();
    const queries = Array.from({ length: 5 }, () =>
      failureOf(lake, { sql: endless, signal: leaving.signal }, limits),
    );
    setTimeout(() => leaving.abort(new Error("gone")), 300);
    for (const error of await Promise.all(queries)) expect(error).toMatchObject({ message: "gone" });
    expect(await rowsOf(lake, "select 1", limits)).toEqual([[1]]);
  });

  test("leave no temporary file, however a query ends", async ({ lake, limits }) => {
    await failureOf(lake, endless, { ...limits, timeoutMs: 200 });
    await failureOf(lake, "from range(100001)", limits);
    await failureOf(lake, "drop table x", limits);
    await rowsOf(lake, "from range(100000)", limits);
    expect(await readdir(limits.tempDir)).toEqual([]);
  });
});
