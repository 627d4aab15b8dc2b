import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { queryRows, quote } from "../sql/duckdb.ts";
import { MedsTimes, TIMES_FILE } from "./exports/meds.ts";
import { sha256OfFile } from "./exports/shards.ts";
import type { TokenManifest } from "./exports/tokens.ts";
import { countRecords } from "./sources/count-records.ts";
import { findSource } from "./sources/source-file.ts";
import { sourceTables } from "./sources/tables.ts";
import type { Step } from "./steps.ts";

/** Lays out what the steps said as tables that checks read; answers whether the rows are those of a published release. */
export async function describeSteps(
  connection: DuckDBConnection,
  steps: ReadonlyMap<string, Step>,
): Promise<boolean> {
  await connection.run(`create or replace temp table imports (source varchar, rows bigint, rejects bigint);
    create or replace temp table drops (model varchar, reason varchar, rows bigint);
    create or replace temp table memory (step varchar, peak_rss_bytes bigint, memory_limit_bytes bigint)`);
  for (const { step, rows_out, rejects, dropped, peak_rss_bytes, memory_limit_bytes } of steps.values()) {
    if (step.startsWith("raw_")) {
      await connection.run(`insert into imports values (${quote(step.slice(4))}, ${rows_out}, ${rejects})`);
    }
    for (const [reason, rows] of Object.entries(dropped)) {
      await connection.run(`insert into drops values (${quote(step)}, ${quote(reason)}, ${rows})`);
    }
    await connection.run(
      `insert into memory values (${quote(step)}, ${peak_rss_bytes}, ${memory_limit_bytes})`,
    );
  }
  await connection.run(await readFile(join(import.meta.dirname, "published-releases.sql"), "utf8"));
  const [found] = await queryRows(
    connection,
    z.object({ published: z.boolean() }),
    "select exists (from published) as published",
  );
  return found?.published ?? false;
}

/** Counts the lines of a release and reads its codes again, by other means than the import. */
export async function openSource(connection: DuckDBConnection, root: string | undefined): Promise<boolean> {
  if (root === undefined) return false;
  await connection.run(`create or replace temp table records (source varchar, lines bigint);
    create or replace temp table source_icd_codes (source varchar, icd_code varchar)`);
  for (const table of sourceTables) {
    const file = await findSource(root, table);
    if (!file) continue;
    const lines = (await countRecords(file)) - 1;
    await connection.run(`insert into records values (${quote(table.name)}, ${lines})`);
    if (!["diagnoses_icd", "procedures_icd"].includes(table.name)) continue;
    await connection.run(
      `insert into source_icd_codes select distinct ${quote(table.name)}, icd_code
       from read_csv(${quote(file.path)}, header = true, delim = ',', all_varchar = true, ignore_errors = true,
         quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = true)`,
    );
  }
  return true;
}

/** Opens what was exported into a folder; answers which of the formats it found there. */
export async function openExports(
  connection: DuckDBConnection,
  out: string | undefined,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (out === undefined) return found;
  if (await exists(join(out, "manifest.json"))) {
    found.add("tokens");
    await openTokens(connection, out);
  }
  if (await exists(join(out, "meds", "metadata", "dataset.json"))) {
    found.add("meds");
    await openMeds(connection, join(out, "meds"));
  }
  return found;
}

async function openTokens(connection: DuckDBConnection, out: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(out, "manifest.json"), "utf8")) as TokenManifest;
  const files: string[] = [];
  await connection.run(
    `create or replace temp table exported_files (file varchar, rows bigint, intact boolean)`,
  );
  for (const { file, rows, sha256 } of manifest.shards) {
    const path = join(out, file);
    const isIntact = (await sha256OfFile(path).catch(() => "")) === sha256;
    // A file that is not as it was written is a violation already, and may be no Parquet any more.
    if (isIntact) files.push(quote(path));
    await connection.run(`insert into exported_files values (${quote(path)}, ${rows}, ${isIntact})`);
  }
  await connection.run(
    files.length > 0
      ? `create or replace temp view exported_tokens as
         select * from read_parquet([${files.join(", ")}], filename = true, file_row_number = true, hive_partitioning = false)`
      : `create or replace temp view exported_tokens as
         select *, ''::varchar as filename, 0::bigint as file_row_number from tokens_final where false`,
  );
}

async function openMeds(connection: DuckDBConnection, root: string): Promise<void> {
  const at = (...parts: string[]) => quote(join(root, ...parts));
  const dataset = JSON.parse(await readFile(join(root, "metadata", "dataset.json"), "utf8")) as unknown;
  const isValid = Dataset.safeParse(dataset).success;
  const { dx_time } = await readTimes(join(root, "metadata", TIMES_FILE));
  await connection.run(`
    create or replace temp view meds_data as
      from read_parquet(${at("data", "*", "*.parquet")}, filename = true, file_row_number = true, hive_partitioning = false);
    create or replace temp view meds_codes as from ${at("metadata", "codes.parquet")};
    create or replace temp view meds_splits as from ${at("metadata", "subject_splits.parquet")};
    create or replace temp view meds_types as
      ${typesSql("data", at("data", "*", "*.parquet"))}
      union all ${typesSql("codes", at("metadata", "codes.parquet"))}
      union all ${typesSql("splits", at("metadata", "subject_splits.parquet"))};
    set variable meds_dataset_valid = ${isValid};
    set variable meds_dx_time = ${quote(dx_time)}`);
}

/** A data set of another writer has its diagnoses at discharge, as MEDS has them. */
async function readTimes(path: string): Promise<Pick<z.infer<typeof MedsTimes>, "dx_time">> {
  if (!(await exists(path))) return { dx_time: "discharge" };
  return MedsTimes.parse(JSON.parse(await readFile(path, "utf8")));
}

function typesSql(part: string, files: string): string {
  return `select ${quote(part)} as part, file_name, name, coalesce(type, '') as type,
    coalesce(converted_type, '') as converted, coalesce(logical_type, '') as logical from parquet_schema(${files})`;
}

/** `dataset.json` as MEDS 0.4 has it: every field optional, nothing but text, lists of text and no other field. */
const Dataset = z.strictObject({
  dataset_name: z.string().optional(),
  dataset_version: z.string().optional(),
  etl_name: z.string().optional(),
  etl_version: z.string().optional(),
  meds_version: z.string().optional(),
  created_at: z.iso.datetime().optional(),
  license: z.string().optional(),
  location_uri: z.string().optional(),
  description_uri: z.string().optional(),
  raw_source_id_columns: z.array(z.string()).optional(),
  code_modifier_columns: z.array(z.string()).optional(),
  additional_value_modality_columns: z.array(z.string()).optional(),
  site_id_columns: z.array(z.string()).optional(),
  other_extension_columns: z.array(z.string()).optional(),
});

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
