import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Table } from "../../data/delta/table.ts";
import { quote } from "../../data/sql/duckdb.ts";
import { columns, openBenchLake, rowsSql, secondsOf } from "./bench-lake.ts";

export interface MergeRatios {
  /** Merge ÷ hand-written SQL with the same result. At most 2. */
  readonly mergeToSql: number;
  /** A merge that changes nothing ÷ one that changes all its rows. At most 0.5. */
  readonly unchangedToChanged: number;
  readonly mergeSeconds: number;
  readonly sqlSeconds: number;
  readonly unchangedSeconds: number;
  readonly commitsOfUnchanged: number;
}

/** Merges half updates and half inserts into a table of many files, and does the same by hand beside it. */
export async function measureMerge({
  rows = 10_000_000,
  files = 40,
  batch = 100_000,
  hidesRows = false,
} = {}): Promise<MergeRatios> {
  await using bench = await openBenchLake();
  const duckdb = await bench.lake.duckdb();
  const connection = await duckdb.connect();
  const table = bench.lake.table("bench.observation");
  await table.ensure({ columns, properties: { "delta.enableDeletionVectors": String(hidesRows) } });
  const plain = join(bench.dir, "plain");
  await mkdir(plain);
  const perFile = rows / files;
  for (let file = 0; file < files; file += 1) {
    const sql = rowsSql(file * perFile, (file + 1) * perFile);
    await table.append({ sql });
    await connection.run(`copy (${sql}) to ${quote(join(plain, `${file}.parquet`))} (compression zstd)`);
  }

  // Updates are spread over all files: the most there is to rewrite.
  const stride = Math.floor(rows / (batch / 2));
  const updates = `select * from (${rowsSql(0, rows, 1)}) where id % ${stride} = 0 and id < ${(stride * batch) / 2}`;
  const source = `${updates} union all ${rowsSql(rows, rows + batch / 2)}`;
  await connection.run(`create temp table source as ${source}`);

  const sqlSeconds = await secondsOf(() => mergeByHand(connection, plain, files));
  const mergeSeconds = await secondsOf(() => merge(table, connection, "select * from source"));
  const before = (await table.snapshot()).version;
  const unchangedSeconds = await secondsOf(() => merge(table, connection, "select * from source"));
  const changed = await secondsOf(() =>
    merge(table, connection, `select * replace (value + 1 as value) from source`),
  );
  connection.closeSync();
  return {
    mergeToSql: mergeSeconds / sqlSeconds,
    unchangedToChanged: unchangedSeconds / changed,
    mergeSeconds,
    sqlSeconds,
    unchangedSeconds,
    commitsOfUnchanged: (await table.snapshot()).version - before - 1,
  };
}

function merge(table: Table, connection: DuckDBConnection, sql: string) {
  return table.merge({ sql, connection }, { key: ["id"] });
}

/** What a person would write who knows the table: touched files anew, inserts apart, and the changes. */
async function mergeByHand(connection: DuckDBConnection, dir: string, files: number): Promise<void> {
  const all = `read_parquet(${quote(join(dir, "*.parquet"))}, filename = true)`;
  await connection.run(
    `create temp table touched as select distinct filename from ${all} t join source s using (id)
     where (t.subject, t.code, t.value, t.taken_at) is distinct from (s.subject, s.code, s.value, s.taken_at)`,
  );
  const names = (await connection.runAndReadAll("select filename from touched")).getRows();
  for (const [index, [name]] of names.entries()) {
    const old = `read_parquet(${quote(String(name))})`;
    const merged = `select t.id, coalesce(s.subject, t.subject) as subject, coalesce(s.code, t.code) as code,
      coalesce(s.value, t.value) as value, coalesce(s.taken_at, t.taken_at) as taken_at from ${old} t left join source s using (id)`;
    await connection.run(
      `copy (${merged}) to ${quote(join(dir, `new-${index}.parquet`))} (compression zstd)`,
    );
  }
  const known = `read_parquet([${Array.from({ length: files }, (_, file) => quote(join(dir, `${file}.parquet`))).join(", ")}])`;
  await connection.run(
    `copy (select * from source s anti join ${known} t using (id)) to ${quote(join(dir, "inserts.parquet"))} (compression zstd)`,
  );
  await connection.run(
    `copy (select t.*, 'update_preimage' as _change_type from ${known} t semi join source s using (id)
           union all select *, 'update_postimage' from source)
     to ${quote(join(dir, "changes.parquet"))} (compression zstd)`,
  );
}
