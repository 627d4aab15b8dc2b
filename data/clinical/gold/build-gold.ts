import { readFile } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Source, Txn, WriteResult } from "../../delta/table.ts";
import { DataError } from "../../errors.ts";
import type { Lake } from "../../lake.ts";
import { identifier, quote } from "../../sql/duckdb.ts";
import { ensureSilver, readSilver, type SilverSnapshots, versionsOf } from "../silver/read-silver.ts";
import type { SilverName } from "../silver/silver-table.ts";
import { silverNames } from "../silver/tables.ts";
import { type BuildState, readBuildState, writeBuildState } from "./build-state.ts";
import { findChanged, readChangedOnly } from "./changed-patients.ts";
import { type CorpusManifest, readManifest, writeManifest } from "./corpus-manifest.ts";
import { contractVersion, goldColumns, goldKey, goldName, goldProvenance } from "./encounter-summary.ts";

export interface GoldOptions {
  /** The instant that the rows written carry. */
  readonly instant: Date;
  /** Build every row, whatever has changed. */
  readonly full?: boolean;
  readonly txn?: Txn;
  readonly signal?: AbortSignal;
}

export interface GoldResult {
  readonly mode: "full" | "incremental" | "none";
  /** Patients whose encounters were built again; null for all. */
  readonly patients: number | null;
  readonly write: WriteResult;
  readonly manifest: CorpusManifest;
}

/**
 * Builds `gold.encounter_summary` from the ten Silver tables as they are now. Without `full` only the encounters
 * of patients whose Silver rows changed since the last build are made anew; the table ends the same either way.
 */
export async function buildGold(lake: Lake, options: GoldOptions): Promise<GoldResult> {
  await ensureSilver(lake);
  await ensureGold(lake);
  const snapshots = await readSilver(lake);
  const state = options.full ? undefined : await currentState(lake);
  const kept = state && (await readManifest(lake));
  if (kept && silverNames.every((name) => state.silver[name] === snapshots[name].version))
    return { mode: "none", patients: 0, write: nothingAt(state.gold), manifest: kept };

  const connection = await (await lake.duckdb()).connect();
  try {
    const changed = state && (await changedSince(lake, connection, state, snapshots));
    options.signal?.throwIfAborted();
    const write = await build(lake, connection, snapshots, changed, options);
    const manifest = await writeManifest(lake, connection, snapshots, {
      instant: options.instant,
      known: write.outcome === "unchanged" ? kept?.corpus_stats : undefined,
    });
    await writeBuildState(lake, {
      contract: contractVersion,
      silver: versionsOf(snapshots),
      gold: write.version,
    });
    const mode = changed === undefined ? "full" : changed === 0 ? "none" : "incremental";
    return { mode, patients: changed ?? null, write, manifest };
  } finally {
    connection.closeSync();
  }
}

function nothingAt(version: number): WriteResult {
  return {
    version,
    outcome: "unchanged",
    rows: { inserted: 0, updated: 0, deleted: 0 },
    files: { added: 0, removed: 0 },
  };
}

/** Writes the rows of so many changed patients, or with undefined of all. */
async function build(
  lake: Lake,
  connection: DuckDBConnection,
  snapshots: SilverSnapshots,
  changed: number | undefined,
  options: GoldOptions,
): Promise<WriteResult> {
  if (changed === undefined) await readAll(connection, snapshots);
  else await readChangedOnly(connection, snapshots);
  options.signal?.throwIfAborted();
  const source = { sql: await summarySql(connection, snapshots, options.instant), connection };
  return await writeRows(lake, source, changed === undefined, options);
}

/** Creates the table, or adds the columns that a later version of the contract has. */
async function ensureGold(lake: Lake): Promise<void> {
  const gold = lake.table(goldName);
  if (await gold.exists()) {
    const known = new Set((await gold.snapshot()).columns.map(({ name }) => name));
    for (const column of goldColumns) if (!known.has(column.name)) await gold.addColumn(column);
  }
  await gold.ensure({
    columns: goldColumns,
    description: "One row per encounter: who, when, and what was known.",
    // A patient's visits are few rows of files that hold everybody's: they are hidden there, not the files written anew.
    properties: { "delta.enableChangeDataFeed": "true", "delta.enableDeletionVectors": "true" },
  });
}

async function writeRows(
  lake: Lake,
  source: Source,
  isAll: boolean,
  { txn, signal }: GoldOptions,
): Promise<WriteResult> {
  const gold = lake.table(goldName);
  const write = { ...(txn ? { txn } : {}), ...(signal ? { signal } : {}) };
  // Where no row is there to compare with, the rows go to their files in one pass.
  const { fileCount, version } = await gold.snapshot();
  if (isAll && fileCount === 0) return await gold.overwrite(source, { ...write, onto: version });
  return await gold.merge(source, {
    ...write,
    key: [goldKey],
    provenance: goldProvenance,
    deleteMissing: isAll ? "true" : "patient_id in (select patient_id from changed_patient)",
  });
}

/** A state that tells of another Gold than the one there, restored or of an older contract, counts for nothing. */
async function currentState(lake: Lake): Promise<BuildState | undefined> {
  const state = await readBuildState(lake);
  const { version } = await lake.table(goldName).snapshot();
  return state?.gold === version && state.contract === contractVersion ? state : undefined;
}

/** How many patients to build again; undefined when the change feeds cannot tell, for then it is all of them. */
async function changedSince(
  lake: Lake,
  connection: DuckDBConnection,
  state: BuildState,
  snapshots: SilverSnapshots,
): Promise<number | undefined> {
  try {
    return await findChanged(lake, connection, state.silver, snapshots);
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

async function readAll(connection: DuckDBConnection, snapshots: SilverSnapshots): Promise<void> {
  for (const name of silverNames) {
    await connection.run(
      `create or replace temp view ${identifier(name)} as ${await snapshots[name].readSql()}`,
    );
  }
}

/** The SELECT of the rows, over views of the ten tables; it also works on any other views of their shape. */
export async function summarySql(
  connection: DuckDBConnection,
  snapshots: Readonly<Record<SilverName, { readonly version: number }>>,
  instant: Date,
): Promise<string> {
  await connection.run(await readFile(new URL("./macros.sql", import.meta.url), "utf8"));
  const select = await readFile(new URL("./encounter-summary.sql", import.meta.url), "utf8");
  const versions = silverNames.map((name) => `${name} := ${snapshots[name].version}::bigint`);
  return `
    select *, ${quote(instant.toISOString())}::timestamptz as created_timestamp,
      struct_pack(${versions.join(", ")}) as silver_versions
    from (${select})`;
}
