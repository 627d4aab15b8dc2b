import { z } from "zod";
import { NotFoundError } from "../errors.ts";
import type { Lake } from "../lake.ts";
import { quote } from "../sql/duckdb.ts";
import { currentBundles } from "./bronze/bronze-bundle.ts";
import { parsedBundles } from "./bronze/parsed-bundle.ts";
import { CorpusManifest, manifestKey } from "./gold/corpus-manifest.ts";
import { readSilver } from "./silver/read-silver.ts";
import { silverNames } from "./silver/tables.ts";
import { ingestLogName } from "./validation/validate-silver.ts";

/** The rows of each Silver table, in the order of the registry. */
export async function silverCounts(lake: Lake): Promise<Record<string, number>> {
  const snapshots = await readSilver(lake);
  const counts = await Promise.all(
    silverNames.map(
      async (name) =>
        `select ${quote(name)} as name, count(*) as rows from (${await snapshots[name].readSql()})`,
    ),
  );
  const rows = await (await lake.duckdb()).query(
    z.object({ name: z.string(), rows: z.coerce.number() }),
    counts.join(" union all "),
  );
  const found = new Map(rows.map((row) => [row.name, row.rows]));
  return Object.fromEntries(silverNames.map((name) => [name, found.get(name) ?? 0]));
}

export async function cohortNames(lake: Lake): Promise<string[]> {
  return [...new Set((await currentBundles(lake)).map(({ cohort }) => cohort))].sort();
}

export async function readManifest(lake: Lake): Promise<CorpusManifest> {
  try {
    return CorpusManifest.parse(JSON.parse((await lake.storage.get(manifestKey)).toString()));
  } catch (error) {
    if (error instanceof NotFoundError)
      throw new NotFoundError("Gold was never built: run `millrace gold`", { cause: error });
    throw error;
  }
}

export interface Quarantined {
  readonly cohort: string;
  readonly name: string;
  readonly reason: string;
}

/** The bundles whose newest version could not be read. */
export async function quarantinedBundles(lake: Lake): Promise<Quarantined[]> {
  const current = new Set((await currentBundles(lake)).map(({ name }) => name));
  return (await parsedBundles(lake)).flatMap(({ cohort, name, reason }) =>
    reason !== null && current.has(name) ? [{ cohort, name, reason }] : [],
  );
}

const LogRow = z.object({
  table: z.string(),
  row_count: z.coerce.number(),
  passed: z.boolean(),
  failed_checks: z.string(),
});

/** What the log says of the last validation, in the order of the tables. */
export async function lastLog(lake: Lake): Promise<z.infer<typeof LogRow>[]> {
  const log = lake.table(ingestLogName);
  if (!(await log.exists())) return [];
  const rows = await (await log.snapshot()).readSql();
  const found = await (await lake.duckdb()).query(
    LogRow,
    `with log as (${rows}) select "table", row_count, passed, failed_checks from log
     where ingest_timestamp = (select max(ingest_timestamp) from log)`,
  );
  const order = new Map<string, number>(silverNames.map((name, index) => [name, index]));
  return found.sort((a, b) => (order.get(a.table) ?? 0) - (order.get(b.table) ?? 0));
}
