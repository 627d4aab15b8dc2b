import { z } from "zod";
import type { Txn, WriteResult } from "../../delta/table.ts";
import type { Lake } from "../../lake.ts";
import { identifier, quote } from "../../sql/duckdb.ts";
import { provenanceColumns, type SilverName } from "./silver-table.ts";
import { silverTable } from "./tables.ts";

export interface MergeSilverOptions {
  readonly txn?: Txn;
  readonly signal?: AbortSignal;
  /** Names of bundles that were read anew: their rows that are in no staged file any more are deleted. */
  readonly replaces?: readonly string[];
}

export interface SilverMerge extends WriteResult {
  /** Several of the staged rows had one key. */
  readonly repeats: boolean;
}

/** Merges staged files into one Silver table, in one commit or in none when they say nothing new. */
export async function mergeSilver(
  lake: Lake,
  name: SilverName,
  staged: readonly string[],
  { replaces, txn, signal }: MergeSilverOptions = {},
): Promise<SilverMerge> {
  const { key, columns, description } = silverTable(name);
  const table = lake.table(`silver.${name}`);
  await table.ensure({ columns, description, properties: { "delta.enableChangeDataFeed": "true" } });
  const rows = `from read_parquet([${staged.map(quote).join(", ")}])`;
  const repeats = await repeatsKeys(lake, key, rows);
  // Where no row is there to compare with, the rows go to their files in one pass.
  if ((await table.snapshot()).fileCount === 0 && !repeats) {
    const list = columns.map((column) => identifier(column.name)).join(", ");
    const written = await table.overwrite(
      { sql: `select ${list} ${rows}` },
      { ...(txn ? { txn } : {}), ...(signal ? { signal } : {}) },
    );
    return { ...written, repeats };
  }
  const merged = await table.merge(
    { sql: `select * ${rows}` },
    {
      key: [key],
      provenance: provenanceColumns,
      orderBy: "record_order",
      ...(replaces && replaces.length > 0
        ? { deleteMissing: `source_file in (${replaces.map(quote).join(", ")})` }
        : {}),
      ...(txn ? { txn } : {}),
      ...(signal ? { signal } : {}),
    },
  );
  return { ...merged, repeats };
}

async function repeatsKeys(lake: Lake, key: string, rows: string): Promise<boolean> {
  const repeated = await (await lake.duckdb()).query(
    z.object({ one: z.int() }),
    `select 1 as one ${rows} group by ${identifier(key)} having count(*) > 1 limit 1`,
  );
  return repeated.length > 0;
}

/** Deletes the rows of bundles that were withdrawn. */
export async function withdrawSilver(
  lake: Lake,
  name: SilverName,
  sourceFiles: readonly string[],
  options: { readonly txn?: Txn } = {},
): Promise<WriteResult> {
  return await lake
    .table(`silver.${name}`)
    .delete(`source_file in (${sourceFiles.map(quote).join(", ")})`, options);
}
