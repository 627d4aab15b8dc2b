import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { StagedRows } from "../delta/table.ts";
import { queryRows, quote } from "../sql/duckdb.ts";
import type { BundleFile, QuarantinedFile } from "./bundle-file.ts";
import { type Fingerprints, fingerprintsOf } from "./fingerprints.ts";
import { countOddities } from "./oddities.ts";
import { macros } from "./parser-rules.ts";
import { readBundles } from "./read-bundles.ts";
import type { SilverName, SilverTable } from "./silver/silver-table.ts";
import { silverTables } from "./silver/tables.ts";
import { withoutNames } from "./without-names.ts";

export interface ParseOptions {
  /** One instant for a whole refresh. */
  readonly runInstant: Date;
  readonly maxBundleBytes: number;
  /** A Parquet file of DICOM headers (`writeDicomHeaders`), when there are any. */
  readonly dicomHeaders?: string;
  /** Writes a table's rows as they are to lie in it: where no key is twice in the chunk they are written so. */
  readonly stageOwn?: (table: SilverTable) => Promise<StagedRows>;
  readonly signal?: AbortSignal;
}

export interface ParseResult {
  readonly rows: Readonly<Record<SilverName, number>>;
  /** What `stageOwn` wrote, instead of staged files. */
  readonly own?: Readonly<Record<SilverName, StagedRows>>;
  readonly quarantined: readonly QuarantinedFile[];
  /** Fields that became null because of their shape, as `Resource.field`, and how often. */
  readonly oddities: Readonly<Record<string, number>>;
  /** Of every file that could be read. */
  readonly fingerprints: Fingerprints;
}

/**
 * Parses bundles into one staged Parquet file a table in `stagedDir`, or where `stageOwn` says. The connection's
 * temporary tables are used meanwhile, so it is to be the chunk's own. The files hold one column more than their tables,
 * `record_order`: of several records with one key the one with the highest counts.
 */
export async function parseChunk(
  connection: DuckDBConnection,
  files: readonly BundleFile[],
  stagedDir: string,
  options: ParseOptions,
): Promise<ParseResult> {
  await mkdir(stagedDir, { recursive: true });
  const scratchDir = await mkdtemp(join(stagedDir, "scratch-"));
  try {
    await connection.run(macros);
    await nameHeaders(connection, options.dicomHeaders);
    const quarantined = await readBundles(connection, files, { ...options, scratchDir });
    options.signal?.throwIfAborted();
    const oddities = await countOddities(connection);
    const unreadable = new Set(quarantined.map(({ file }) => file.number));
    const fingerprints = await fingerprintsOf(
      connection,
      files.filter(({ number }) => !unreadable.has(number)),
    );

    const stageOwn = options.stageOwn && !(await repeatsIds(connection)) ? options.stageOwn : undefined;
    const rows: Partial<Record<SilverName, number>> = {};
    const own: Partial<Record<SilverName, StagedRows>> = {};
    for (const table of silverTables) {
      options.signal?.throwIfAborted();
      const staged = await stageOwn?.(table);
      if (staged) own[table.name] = staged;
      rows[table.name] =
        staged?.rows ?? (await stage(connection, table.select, stagedPath(stagedDir, table.name)));
    }
    return {
      rows: rows as Record<SilverName, number>,
      ...(stageOwn && { own: own as Record<SilverName, StagedRows> }),
      quarantined,
      oddities,
      fingerprints,
    };
  } catch (error) {
    throw withoutNames(error, files);
  } finally {
    await connection.run("drop table if exists resources cascade");
    await rm(scratchDir, { recursive: true, force: true });
  }
}

export function stagedPath(stagedDir: string, name: SilverName): string {
  return join(stagedDir, `${name}.parquet`);
}

async function stage(connection: DuckDBConnection, select: string, path: string): Promise<number> {
  const [written] = await queryRows(
    connection,
    z.object({ Count: z.coerce.number() }),
    `copy (${select}) to ${quote(path)} (format parquet, compression snappy)`,
  );
  return written?.Count ?? 0;
}

/** Whether two resources have one id, or none: only then may a key be twice in a table, for each key is such an id. */
async function repeatsIds(connection: DuckDBConnection): Promise<boolean> {
  const repeated = await queryRows(
    connection,
    z.object({ one: z.int() }),
    "select 1 as one from resources group by coalesce(plain(id), '') having count(*) > 1 limit 1",
  );
  return repeated.length > 0;
}

async function nameHeaders(connection: DuckDBConnection, headers: string | undefined): Promise<void> {
  await connection.run(
    headers
      ? `create or replace temp view dicom_header as from read_parquet(${quote(headers)})`
      : `create or replace temp view dicom_header as
         select null::varchar as study_uid, null::varchar as study_description, null::varchar as series_description,
           null::date as study_date, null::varchar as manufacturer, null::double as magnetic_field_strength,
           null::double as slice_thickness_mm, null::integer as rows, null::integer as columns
         where false`,
  );
}
