import { join } from "node:path";
import { buildGold, summarySql } from "../../data/clinical/gold/build-gold.ts";
import { mergeSilver } from "../../data/clinical/silver/merge-silver.ts";
import { ensureSilver, readSilver } from "../../data/clinical/silver/read-silver.ts";
import type { SilverName } from "../../data/clinical/silver/silver-table.ts";
import { silverTables } from "../../data/clinical/silver/tables.ts";
import type { Lake } from "../../data/lake.ts";
import { identifier, quote } from "../../data/sql/duckdb.ts";
import { openBenchLake, secondsOf } from "../lake/bench-lake.ts";

const VISITS_A_PATIENT = 112;
const instant = new Date();

/**
 * A full build of Gold beside its SELECT alone, written by DuckDB to a Parquet file: what set-based SQL by hand costs
 * without a table, a merge, gates and a manifest.
 */
export async function measureGold({ encounters }: { readonly encounters: number }) {
  await using bench = await openBenchLake();
  const { lake, dir } = bench;
  await fillSilver(lake, dir, encounters);
  const snapshots = await readSilver(lake);
  const connection = await (await lake.duckdb()).connect();
  for (const { name } of silverTables) {
    await connection.run(
      `create or replace temp view ${identifier(name)} as ${await snapshots[name].readSql()}`,
    );
  }
  const select = await summarySql(connection, snapshots, instant);
  const path = quote(join(dir, "by-hand.parquet"));
  const byHand = await secondsOf(() => connection.run(`copy (${select}) to ${path} (format parquet)`));
  connection.closeSync();
  const build = await secondsOf(() => buildGold(lake, { instant, full: true }));
  const again = await secondsOf(() => buildGold(lake, { instant, full: true }));
  await measureOnePatientMore(lake);
  const one = await secondsOf(() => buildGold(lake, { instant }));
  return {
    buildSeconds: build,
    buildToByHand: build / byHand,
    againToByHand: again / byHand,
    oneToBuild: one / build,
  };
}

/** One new measurement of one patient. */
async function measureOnePatientMore(lake: Lake): Promise<void> {
  const observation = lake.table("silver.observation");
  const rows = await (await observation.snapshot()).readSql();
  await observation.append({
    sql: `select * replace ('one more' as observation_id, 77.5 as value)
      from (${rows}) where patient_id = 'patient-1' and code = '8867-4' order by effective_date desc limit 1`,
  });
}

/** Silver as Coherent has it: the same numbers of rows a visit. */
async function fillSilver(lake: Lake, dir: string, encounters: number): Promise<void> {
  await ensureSilver(lake);
  const connection = await (await lake.duckdb()).connect();
  for (const { name, columns } of silverTables) {
    const own = rowsOf[name];
    const given = columns.map((column) => {
      const type = { string: "varchar", integer: "integer", long: "bigint", timestamp: "timestamptz" };
      const cast =
        typeof column.type === "string" ? (type[column.type as keyof typeof type] ?? column.type) : "json";
      const value = own.values[column.name] ?? "null";
      return `(${value})::${cast} as ${identifier(column.name)}`;
    });
    const path = join(dir, `${name}.parquet`);
    const count = Math.ceil(encounters * own.perVisit);
    await connection.run(`
      copy (
        select ${given.join(", ")}, i as record_order
        from (select i, floor(i / ${own.perVisit})::bigint as v, floor(i / ${own.perVisit} / ${VISITS_A_PATIENT})::bigint as p,
          timestamptz '1990-01-01' + floor(i / ${own.perVisit})::bigint % ${VISITS_A_PATIENT} * interval 97 day as seen_at
          from range(${count}) r(i))
      ) to ${quote(path)} (format parquet)`);
    await mergeSilver(lake, name, [{ paths: [path] }]);
  }
  connection.closeSync();
}

interface Rows {
  readonly perVisit: number;
  /** SQL by column, of `i` (row), `v` (visit), `p` (patient) and `seen_at` (time of the visit). */
  readonly values: Readonly<Record<string, string>>;
}

const of = { patient_id: "'patient-' || p", encounter_id: "'visit-' || v" };
const uuid = (kind: string) => `md5('${kind}' || i)::uuid`;

const rowsOf: Readonly<Record<SilverName, Rows>> = {
  patient: {
    perVisit: 1 / VISITS_A_PATIENT,
    values: {
      patient_id: "'patient-' || i",
      birth_date: "date '1950-01-01' + (i % 14000)::integer",
      gender: "'female'",
    },
  },
  encounter: {
    perVisit: 1,
    values: {
      ...of,
      type_display: "'Encounter of kind ' || i % 40",
      start_date: "seen_at",
      status: "'finished'",
    },
  },
  condition: {
    perVisit: 0.111,
    values: {
      ...of,
      condition_id: uuid("condition"),
      display: "'Finding ' || hash(i) % 200",
      onset_date: "seen_at",
      abatement_date: "case when i % 3 = 0 then seen_at + interval 60 day end",
    },
  },
  observation: {
    perVisit: 4.65,
    values: {
      ...of,
      observation_id: uuid("observation"),
      code: "['8867-4', '8310-5', '2708-6', '85354-9', '2339-0', '718-7', '4548-4', '72166-2'][1 + i % 8]",
      display: "'Measurement ' || i % 8",
      category:
        "case when i % 8 in (4, 5, 6) then 'laboratory' when i % 8 = 7 then 'survey' else 'vital-signs' end",
      value: "case when i % 8 <> 3 then hash(i) % 1000 / 10 end",
      unit: "'mg/dL'",
      components_json: `case when i % 8 = 3 then '[{"code":"8480-6","value":120.5},{"code":"8462-4","value":80}]' end`,
      effective_date: "seen_at",
    },
  },
  medication_request: {
    perVisit: 1.455,
    values: {
      ...of,
      medication_request_id: uuid("request"),
      display: "'Drug ' || hash(i) % 60",
      status: "case when i % 5 = 0 then 'active' else 'stopped' end",
      authored_on: "seen_at",
    },
  },
  procedure: {
    perVisit: 0.39,
    values: { ...of, procedure_id: uuid("procedure"), display: "'Procedure ' || hash(i) % 90" },
  },
  soap_note: {
    perVisit: 1,
    values: {
      ...of,
      note_id: uuid("note"),
      note_date: "seen_at",
      note_text: "repeat('# Plan' || chr(10) || 'The visit ' || i || ' was uneventful. ', 20)",
    },
  },
  ecg_metadata: { perVisit: 0.0001, values: { ...of, ecg_id: uuid("ecg"), rhythm: "'Sinus rhythm'" } },
  imaging_study: {
    perVisit: 0.026,
    values: { ...of, study_id: uuid("study"), started_date: "seen_at", modality: "'MR'", series_count: "1" },
  },
  genomic_report: {
    perVisit: 0.003,
    values: {
      ...of,
      report_id: uuid("report"),
      result_summary: "'No variant found'",
      source: "'DiagnosticReport'",
    },
  },
};
