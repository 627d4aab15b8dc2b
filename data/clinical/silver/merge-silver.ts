import type { Txn, WriteResult } from "../../delta/table.ts";
import type { Lake } from "../../lake.ts";
import { quote } from "../../sql/duckdb.ts";
import { provenanceColumns, type SilverName } from "./silver-table.ts";
import { silverTable } from "./tables.ts";

export interface MergeSilverOptions {
  readonly txn?: Txn;
  readonly signal?: AbortSignal;
  /** Names of bundles that were read anew: their rows that are in no staged file any more are deleted. */
  readonly replaces?: readonly string[];
}

/** Merges staged files into one Silver table, in one commit or in none when they say nothing new. */
export async function mergeSilver(
  lake: Lake,
  name: SilverName,
  staged: readonly string[],
  { replaces, txn, signal }: MergeSilverOptions = {},
): Promise<WriteResult> {
  const { key, columns, description } = silverTable(name);
  const table = lake.table(`silver.${name}`);
  await table.ensure({ columns, description, properties: { "delta.enableChangeDataFeed": "true" } });
  return await table.merge(
    { sql: `select * from read_parquet([${staged.map(quote).join(", ")}])` },
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
