import { readdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { QueryError, QueryLimitError } from "../../../data/sql/query-error.ts";
import { tablesOf } from "../../../data/sql/query-tables.ts";
import { encodeResult, type QueryLimits, runQuery } from "../../../data/sql/run-query.ts";
import { test as base } from "../../support/test.ts";

const test = base.extend<{ limits: QueryLimits }>({
  limits: async ({ dir }, use) =>
    use({
      memoryBytes: 512 * 1024 ** 2,
      threads: 1,
      tempDir: join(dir, "sql"),
      timeoutMs: 20_000,
      maxRows: 100_000,
    }),
});

test("Wide rows are handed out a few at a time, all of them and in their order", async ({ lake, limits }) => {
  const sql =
    "select range::integer as i, repeat('x', 400000) as long, [repeat('y', 100000)] as list from range(101)";
  await using result = await runQuery(tablesOf(lake), { sql }, limits);
  const numbers: unknown[] = [];
  let mostAtOnce = 0;
  for await (const chunk of result.chunks()) {
    mostAtOnce = Math.max(mostAtOnce, chunk.rowCount);
    numbers.push(...chunk.getColumnValues(0));
  }
  expect(mostAtOnce).toBe(2);
  expect(numbers).toEqual([...Array(101).keys()]);
});

test("Narrow rows come in the engine's own chunks", async ({ lake, limits }) => {
  await using result = await runQuery(
    tablesOf(lake),
    { sql: "select 'x' || range as a from range(4096)" },
    limits,
  );
  const sizes: number[] = [];
  for await (const chunk of result.chunks()) sizes.push(chunk.rowCount);
  expect(sizes).toEqual([2048, 2048]);
});

test("A result of wide rows is written in pieces that do not hold the process", async ({ lake, limits }) => {
  const sql = "select repeat('x', 200000) as a from range(1000)";
  await using result = await runQuery(tablesOf(lake), { sql }, { ...limits, memoryBytes: 1024 ** 3 });
  const lengths: number[] = [];
  for await (const piece of encodeResult(result, "ndjson")) lengths.push(piece.length);
  expect(Math.max(...lengths)).toBeLessThan(1024 ** 2 + 200_000);
  expect(lengths.reduce((sum, length) => sum + length)).toBe(1000 * '{"a":""}\n'.length + 1000 * 200_000);
});

test.for(["repeat('x', 17000000)", "repeat('x', 17000000)::blob", "{'a': [repeat('x', 17000000)]}"])(
  "A row too wide to be sent is refused before anything is: %s",
  async (value, { lake, limits }) => {
    await expect(runQuery(tablesOf(lake), { sql: `select ${value} as a` }, limits)).rejects.toThrow(
      QueryLimitError,
    );
  },
);

test("A data file that was cut is no fault of the query", async ({ dir, lake, limits }) => {
  const table = lake.table("silver.visit");
  await table.ensure({ columns: [{ name: "id", type: "long", nullable: false }] });
  await table.append({ sql: "select range as id from range(1000)" });
  const folder = join(dir, "lake/silver/visit");
  const [file = ""] = (await readdir(folder)).filter((name) => name.endsWith(".parquet"));
  await truncate(join(folder, file), 100);

  const error = await runQuery(tablesOf(lake), { sql: "select sum(id) from silver.visit" }, limits).catch(
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toBeInstanceOf(QueryError);
  expect(String(error)).toMatch(/is damaged\. Restore it from a copy/);
});
