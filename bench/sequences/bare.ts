import { join } from "node:path";
import { exportTokens } from "../../data/sequences/exports/tokens.ts";
import { models } from "../../data/sequences/model.ts";
import { Settings } from "../../data/sequences/settings.ts";
import { findSources } from "../../data/sequences/sources/find-sources.ts";
import { strictSql } from "../../data/sequences/sources/read-csv.ts";
import { sourceTables } from "../../data/sequences/sources/tables.ts";
import { prepare, standInFor } from "../../data/sequences/workspace.ts";
import { type DuckDBLimits, openDuckDB } from "../../data/sql/duckdb.ts";

/** The statements of a build and an export in one DuckDB, without queue, Delta, reports or checks; answers the seconds. */
async function runBare(source: string, out: string, limits: DuckDBLimits): Promise<number> {
  using duckdb = await openDuckDB(limits);
  const connection = await duckdb.connect();
  const files = await findSources(source);
  const startedAt = performance.now();
  await prepare(connection, Settings.parse({}));
  for (const table of sourceTables) {
    const file = files.find((found) => found.table.name === table.name);
    if (file) {
      // What the file lacks is null, as in the tables of the lake.
      await standInFor(connection, table);
      await connection.run(`insert into raw_${table.name} by name ${strictSql(file)}`);
    } else await standInFor(connection, table);
  }
  for (const { name, sql } of models) await connection.run(`create temp table ${name} as ${sql}`);
  await exportTokens(connection, {
    out,
    scheme: "admission_bins",
    layout: "shards",
    rowsPerShard: 2_000_000,
    daysColumn: "days_since_prior",
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  connection.closeSync();
  return seconds;
}

const order = JSON.parse(process.argv[2] ?? "{}") as { source: string; dir: string; limits: DuckDBLimits };
const seconds = await runBare(order.source, join(order.dir, "bare"), order.limits);
process.send?.({ seconds, peakRssBytes: process.resourceUsage().maxRSS * 1024 });
