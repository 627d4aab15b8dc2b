import { z } from "zod";
import type { Lake } from "../../lake.ts";
import { ingestLogName } from "./validate-silver.ts";

/** The tables that failed when Silver was last validated. */
export async function lastValidation(lake: Lake): Promise<{ readonly failed: readonly string[] }> {
  const log = lake.table(ingestLogName);
  if (!(await log.exists())) return { failed: [] };
  const rows = await (await log.snapshot()).readSql();
  const failed = await (await lake.duckdb()).query(
    z.object({ table: z.string() }),
    `with log as (${rows})
     select "table" from log
     where not passed and ingest_timestamp = (select max(ingest_timestamp) from log) order by "table"`,
  );
  return { failed: failed.map(({ table }) => `silver.${table}`) };
}
