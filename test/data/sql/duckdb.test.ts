import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "vitest";
import { z } from "zod";
import { openDuckDB, queryRows, quote } from "../../../data/sql/duckdb.ts";
import { test } from "../../support/test.ts";

test("an engine does not keep the files that it has read in its own memory", async ({ dir }) => {
  const file = join(dir, "rows.parquet");
  const read = `select sum(n) as total from read_parquet(${quote(file)})`;
  const kept = `select sum(memory_usage_bytes)::bigint as bytes from duckdb_memory() where tag = 'EXTERNAL_FILE_CACHE'`;
  const Kept = z.object({ bytes: z.bigint() });

  using ours = await openDuckDB({ memoryBytes: 2 ** 28, threads: 1, tempDir: join(dir, "spill") });
  await ours.run(`copy (select range * 7919 % 100003 as n from range(300000)) to ${quote(file)}`);
  await ours.run(read);
  expect(await ours.query(Kept, kept)).toEqual([{ bytes: 0n }]);

  // The control: by itself the engine keeps them.
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(read);
  const [own] = await queryRows(connection, Kept, kept);
  expect(own?.bytes).toBeGreaterThan(0n);
  connection.closeSync();
  instance.closeSync();
});
