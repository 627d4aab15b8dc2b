import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Snapshot } from "../../delta/table.ts";
import { NotFoundError } from "../../errors.ts";
import type { Lake } from "../../lake.ts";
import { queryRows } from "../../sql/duckdb.ts";
import type { SilverSnapshots } from "../silver/read-silver.ts";
import { silverNames } from "../silver/tables.ts";
import { contractVersion, goldName } from "./encounter-summary.ts";

export const manifestKey = "gold/_metadata/corpus_manifest.json";

const count = z.coerce.number();

const CorpusStats = z.object({
  encounters: count,
  distinct_patients: count,
  with_soap_note: count,
  with_ecg: count,
  with_imaging: count,
  with_genomics: count,
  with_vitals: count,
  with_labs: count,
  avg_conditions_per_encounter: count,
  avg_medications_per_encounter: count,
});
export type CorpusStats = z.infer<typeof CorpusStats>;

export const CorpusManifest = z.object({
  manifest_version: z.literal("1"),
  contract_version: z.string(),
  gold_table: z.string(),
  created_timestamp: z.string(),
  platform: z.string(),
  row_count: z.number(),
  corpus_stats: CorpusStats,
  silver_sources: z.array(
    z.object({ table: z.string(), row_count: z.number(), delta_version: z.number().nullable() }),
  ),
});
export type CorpusManifest = z.infer<typeof CorpusManifest>;

/** The manifest that stands beside Gold; undefined when it is missing or malformed. */
export async function readManifest(lake: Lake): Promise<CorpusManifest | undefined> {
  try {
    return CorpusManifest.parse(JSON.parse((await lake.storage.get(manifestKey)).toString()));
  } catch (error) {
    if (error instanceof NotFoundError || error instanceof SyntaxError || error instanceof z.ZodError) {
      return undefined;
    }
    throw error;
  }
}

/** Says beside Gold what it holds and what it was made from. `known` are its statistics, when it did not change. */
export async function writeManifest(
  lake: Lake,
  connection: DuckDBConnection,
  snapshots: SilverSnapshots,
  { instant, known }: { readonly instant: Date; readonly known?: CorpusStats | undefined },
): Promise<CorpusManifest> {
  const stats = known ?? (await countGold(lake, connection));
  const manifest: CorpusManifest = {
    manifest_version: "1",
    contract_version: contractVersion,
    gold_table: goldName,
    created_timestamp: instant.toISOString(),
    platform: "local_lite",
    row_count: stats.encounters,
    corpus_stats: stats,
    silver_sources: await countSources(connection, snapshots),
  };
  await lake.storage.put(manifestKey, `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

async function countGold(lake: Lake, connection: DuckDBConnection): Promise<CorpusStats> {
  const gold = await lake.table(goldName).snapshot();
  const [stats] = await queryRows(connection, CorpusStats, statsSql(await gold.readSql()));
  if (!stats) throw new Error("The statistics of Gold gave no row.");
  return stats;
}

/** The tables' logs know how many rows they have, unless another writer left files without statistics. */
async function countSources(
  connection: DuckDBConnection,
  snapshots: SilverSnapshots,
): Promise<CorpusManifest["silver_sources"]> {
  const sources: CorpusManifest["silver_sources"] = [];
  for (const name of silverNames) {
    const snapshot = snapshots[name];
    sources.push({
      table: `silver.${name}`,
      row_count: snapshot.rowCount() ?? (await countRows(connection, snapshot)),
      delta_version: snapshot.version,
    });
  }
  return sources;
}

async function countRows(connection: DuckDBConnection, snapshot: Snapshot): Promise<number> {
  const sql = `select count(*) as rows from (${await snapshot.readSql()})`;
  const [counted] = await queryRows(connection, z.object({ rows: count }), sql);
  return counted?.rows ?? 0;
}

function statsSql(gold: string): string {
  return `
    select
      count(*) as encounters,
      count(distinct patient_id) as distinct_patients,
      count(soap_note_text) as with_soap_note,
      count(*) filter (where has_ecg) as with_ecg,
      count(*) filter (where imaging.has_imaging) as with_imaging,
      count(*) filter (where has_genomics) as with_genomics,
      count(recent_vitals.heart_rate) as with_vitals,
      count(*) filter (where len(recent_labs) > 0) as with_labs,
      coalesce(round(avg(len(active_conditions)), 3), 0) as avg_conditions_per_encounter,
      coalesce(round(avg(len(active_medications)), 3), 0) as avg_medications_per_encounter
    from (${gold})`;
}
