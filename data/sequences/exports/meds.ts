import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { quote } from "../../sql/duckdb.ts";
import { openDraft } from "./draft.ts";
import { cutSubjects } from "./shards.ts";

export const splits = ["train", "tuning", "held_out"] as const;

/** Beside the metadata that MEDS asks for: at which of its times an event stands. */
export const TIMES_FILE = "times.json";
export const MedsTimes = z.object({
  dx_time: z.enum(["discharge", "admission"]),
  lab_time: z.enum(["chart", "store"]),
});
type MedsTimes = z.infer<typeof MedsTimes>;

export interface MedsExport {
  readonly out: string;
  readonly rowsPerShard: number;
  readonly datasetVersion: string;
  readonly etlVersion: string;
  readonly createdAt: Date;
  /** Labs at the time the specimen was taken, or when the result was there to be known. */
  readonly labTime: "chart" | "store";
  readonly dxTime: "discharge" | "admission";
  readonly signal?: AbortSignal;
  onShard?(done: number): Promise<void>;
}

/** Writes the events as a MEDS 0.4 data set, in a folder that takes the place of the one before when it is whole. */
export async function exportMeds(
  connection: DuckDBConnection,
  options: MedsExport,
): Promise<{ rows: number; shards: number }> {
  await using draft = await openDraft(options.out, "meds");
  const folder = join(draft.path, "meds");
  await mkdir(join(folder, "metadata"), { recursive: true });
  await connection.run(`set variable lab_time = ${quote(options.labTime)}`);
  await connection.run(`set variable meds_dx_time = ${quote(options.dxTime)}`);
  await connection.run(
    `create or replace temp view lab_store_times as
     select labevent_id, storetime from raw_labevents where getvariable('lab_time') = 'store'`,
  );
  await connection.run(await readFile(join(import.meta.dirname, "meds.sql"), "utf8"));

  let rows = 0;
  let shards = 0;
  for (const split of splits) {
    const relation = `(select * from meds_events where split_of(subject_id::integer) = ${quote(split)})`;
    await mkdir(join(folder, "data", split), { recursive: true });
    for (const [index, range] of (await cutSubjects(connection, relation, options.rowsPerShard)).entries()) {
      options.signal?.throwIfAborted();
      const path = join(folder, "data", split, `${index}.parquet`);
      await connection.run(
        `copy (
           select subject_id, time, code, numeric_value, hadm_id, visit_seq, event_seq, token
           from ${relation} where subject_id between ${range.from} and ${range.to}
           order by subject_id, time nulls first, visit_seq nulls first, event_seq nulls first, code
         ) to ${quote(path)} (format parquet, compression zstd)`,
      );
      rows += range.rows;
      shards++;
      await options.onShard?.(shards);
    }
  }
  await writeMetadata(connection, options, join(folder, "metadata"));
  await draft.publish("meds");
  return { rows, shards };
}

async function writeMetadata(
  connection: DuckDBConnection,
  options: MedsExport,
  folder: string,
): Promise<void> {
  await connection.run(
    `copy (
       select code,
         any_value(case when starts_with(code, 'LAB//') then i.label
           when starts_with(code, 'DIAGNOSIS//ICD//') then d.long_title end) as description,
         null::varchar[] as parent_codes
       from (select distinct code from meds_events) as c
       left join raw_d_labitems as i on starts_with(code, 'LAB//') and i.itemid = try_cast(split_part(code, '//', 2) as integer)
       left join raw_d_icd_diagnoses as d on starts_with(code, 'DIAGNOSIS//ICD//')
         and d.icd_version = try_cast(split_part(code, '//', 3) as integer) and d.icd_code = split_part(code, '//', 4)
       group by code order by code
     ) to ${quote(join(folder, "codes.parquet"))} (format parquet, compression zstd)`,
  );
  await connection.run(
    `copy (
       select subject_id, split_of(subject_id::integer) as split
       from (select distinct subject_id from meds_events) order by subject_id
     ) to ${quote(join(folder, "subject_splits.parquet"))} (format parquet, compression zstd)`,
  );
  // The published schema of dataset.json has no place for these.
  await writeFile(
    join(folder, TIMES_FILE),
    `${JSON.stringify({ dx_time: options.dxTime, lab_time: options.labTime } satisfies MedsTimes, null, 2)}\n`,
  );
  await writeFile(
    join(folder, "dataset.json"),
    `${JSON.stringify(
      {
        dataset_name: "MIMIC-IV",
        dataset_version: options.datasetVersion,
        etl_name: "millrace",
        etl_version: options.etlVersion,
        meds_version: "0.4.0",
        created_at: options.createdAt.toISOString(),
        raw_source_id_columns: ["hadm_id"],
        other_extension_columns: ["visit_seq", "event_seq", "token"],
      },
      null,
      2,
    )}\n`,
  );
}
