import { z } from "zod";
import type { Lake } from "../../lake.ts";
import { identifier, queryRows, quote } from "../../sql/duckdb.ts";
import { ensureSilver } from "./read-silver.ts";
import { provenanceColumns, type SilverName } from "./silver-table.ts";
import { silverTables } from "./tables.ts";

const Changed = z.object({ name: z.string() });

/**
 * The tables in which bundles have other rows than their staged files say: merging the others would change nothing.
 * It reads only rows of these bundles, in one query for all tables, and so is for few bundles.
 */
export async function changedTables(
  lake: Lake,
  bundles: readonly string[],
  stagedOf: (name: SilverName) => Promise<readonly string[]>,
): Promise<SilverName[]> {
  await ensureSilver(lake);
  const provenance = new Set<string>(provenanceColumns);
  const where = `source_file in (${bundles.map(quote).join(", ")})`;
  const selects = silverTables.map(async ({ name, columns }) => {
    const list = columns.flatMap((column) => (provenance.has(column.name) ? [] : [identifier(column.name)]));
    const paths = (await stagedOf(name)).map(quote).join(", ");
    const staged = `select ${list.join(", ")} from read_parquet([${paths}])`;
    const rows = await (await lake.table(`silver.${name}`).snapshot()).readSql();
    const kept = `select ${list.join(", ")} from (${rows}) where ${where}`;
    // Each row counts up where it is staged and down where it is kept.
    return `select ${quote(name)} as name where exists (
      select 1 from (select *, 1 as n from (${staged}) union all select *, -1 as n from (${kept}))
      group by ${list.join(", ")} having sum(n) <> 0)`;
  });
  // On a connection of its own it is answered beside other questions.
  const connection = await (await lake.duckdb()).connect();
  try {
    const sql = (await Promise.all(selects)).join(" union all ");
    const changed = new Set((await queryRows(connection, Changed, sql)).map(({ name }) => name));
    return silverTables.flatMap(({ name }) => (changed.has(name) ? [name] : []));
  } finally {
    connection.closeSync();
  }
}
