import { stat } from "node:fs/promises";
import { z } from "zod";
import type { Txn, WriteResult } from "../../delta/table.ts";
import type { Lake } from "../../lake.ts";
import { identifier, quote } from "../../sql/duckdb.ts";
import { provenanceColumns, type SilverName } from "./silver-table.ts";
import { type StagedSilver, stagedSql } from "./staged-silver.ts";
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

/** Merges staged rows into one Silver table, in one commit or in none when they say nothing new. */
export async function mergeSilver(
  lake: Lake,
  name: SilverName,
  staged: readonly StagedSilver[],
  { replaces, txn, signal }: MergeSilverOptions = {},
): Promise<SilverMerge> {
  const { key, columns, description } = silverTable(name);
  const table = lake.table(`silver.${name}`);
  await table.ensure({ columns, description, properties: { "delta.enableChangeDataFeed": "true" } });
  const { fileCount, sizeBytes, version } = await table.snapshot();
  const sql = stagedSql(staged);
  if (!sql)
    return { version, outcome: "unchanged", rows: none, files: { added: 0, removed: 0 }, repeats: false };
  await using _single = await (await lake.duckdb()).singleThread(sizeBytes + (await bytesOf(staged)));
  const repeats = await repeatsKeys(lake, key, sql);
  const write = { ...(txn ? { txn } : {}), ...(signal ? { signal } : {}) };
  // Where no row is there to compare with, files of the table's own become its files, and other rows are written in one pass;
  // not any more once another has written, whose rows that would replace.
  if (fileCount === 0 && !repeats) {
    const own = staged.flatMap((chunk) => (chunk.own ? [chunk.own.rows] : []));
    const first = { ...write, onto: version };
    const written =
      own.length === staged.length
        ? await table.replaceWithStaged(own, first)
        : await table.overwrite({ sql, columns: columns.map((column) => column.name) }, first);
    return { ...written, repeats };
  }
  const merged = await table.merge(
    { sql },
    {
      ...write,
      key: [key],
      provenance: provenanceColumns,
      orderBy: "record_order",
      ...(replaces && replaces.length > 0
        ? { deleteMissing: `source_file in (${replaces.map(quote).join(", ")})` }
        : {}),
    },
  );
  return { ...merged, repeats };
}

const none = { inserted: 0, updated: 0, deleted: 0 };

async function bytesOf(staged: readonly StagedSilver[]): Promise<number> {
  const paths = staged.flatMap((chunk) => chunk.paths);
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function repeatsKeys(lake: Lake, key: string, sql: string): Promise<boolean> {
  const repeated = await (await lake.duckdb()).query(
    z.object({ one: z.int() }),
    `select 1 as one from (${sql}) group by ${identifier(key)} having count(*) > 1 limit 1`,
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
