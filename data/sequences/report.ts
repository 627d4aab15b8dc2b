import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Lake } from "../lake.ts";
import { queryRows } from "../sql/duckdb.ts";
import { models } from "./model.ts";
import { openBuild } from "./open-build.ts";
import { ABSENT } from "./recipe.ts";
import { type LengthQuantiles, type Report, ReportFacts, type TableReport } from "./report-document.ts";
import type { Settings } from "./settings.ts";
import { sourceTables } from "./sources/tables.ts";
import { lastSteps, type Step } from "./steps.ts";
import { rawName } from "./tables.ts";

export async function makeReport(lake: Lake): Promise<Report> {
  const connection = await (await lake.duckdb()).connect();
  try {
    const settings = await openBuild(lake, connection);
    const steps = await lastSteps(lake);
    const facts = await readFacts(connection);
    return {
      settings,
      tables: Object.fromEntries([...steps].map(([name, step]) => [name, tableReport(step)])),
      absent_sources: sourceTables
        .filter((source) => (steps.get(rawName(source))?.recipe ?? ABSENT) === ABSENT)
        .map(({ name }) => name),
      ...facts,
      sequence_length: {
        admission: await lengths(connection, "subject_id, hadm_id"),
        subject: await lengths(connection, "subject_id"),
      },
      length_histogram: await histogram(connection),
      top_codes: await queryRows(
        connection,
        z.object({ code: z.string(), count: z.coerce.number() }),
        "select code, count(*) as count from events_merged group by code order by count desc, code limit 20",
      ),
      warnings: await warnings(connection, settings, steps, facts),
    };
  } finally {
    connection.closeSync();
  }
}

function tableReport(step: Step): TableReport {
  const { rows_in, rows_out, rejects, dropped, seconds, peak_rss_bytes } = step;
  return {
    rows_in,
    rows_out,
    rejects,
    dropped,
    seconds,
    peak_rss_bytes,
    ...(step.unknown_columns.length > 0 && { unknown_columns: step.unknown_columns }),
    ...(step.reject_examples.length > 0 && { reject_examples: step.reject_examples }),
  };
}

async function readFacts(connection: DuckDBConnection): Promise<z.infer<typeof ReportFacts>> {
  const [facts] = await queryRows(
    connection,
    ReportFacts,
    `with described as (
       select icd_code_of(icd_code) as icd from raw_d_icd_diagnoses group by icd having count(distinct icd_version) > 1
     ),
     seen as (
       select icd_code_of(icd_code) as icd from raw_diagnoses_icd group by icd having count(distinct icd_version) > 1
     ),
     collision as (
       select icd from described
       union all
       select icd from seen where not exists (from raw_d_icd_diagnoses)
     )
     select
       (select count(*) from raw_diagnoses_icd semi join collision on icd_code_of(icd_code) = icd) as collision_rows,
       (select count(*) from collision) as collision_codes,
       if(exists (from raw_d_icd_diagnoses), 'd_icd_diagnoses', 'codes seen in both versions') as collision_source,
       (select count(*) from events_merged where code_type = 'procedure' and event_time < admittime) as procedures_before_admission,
       (select count(*) from events_merged
        where code_type = 'procedure' and event_time < admittime and event_time::date = admittime::date) as procedures_on_admission_day,
       (select count(*) from events_merged
        where code_type = 'lab' and time_offset_hours < -getvariable('backfill_hours')) as labs_before_window,
       (select count(*) from events_merged join stg_admissions as a using (subject_id, hadm_id)
        where code_type = 'lab' and event_time > stay_end(a.admittime, a.dischtime)) as labs_after_discharge,
       (select count(*) from stg_admissions anti join events_merged using (subject_id, hadm_id)) as admissions_without_events,
       (select count(*) from (select subject_id from raw_patients union select subject_id from raw_admissions) anti join events_merged using (subject_id)) as subjects_excluded,
       (select coalesce(sum(pct), 0) from top_200_labs) as top_labs_coverage_pct,
       (select count(*) from top_200_labs where n_numeric = 0) as items_without_numbers,
       (select count(*) from raw_labevents where not isfinite(valuenum)) as nonfinite_valuenum,
       (select count(*) from stg_admissions as a join stg_admissions as b using (subject_id)
        where a.visit_seq < b.visit_seq and b.admittime < stay_end(a.admittime, a.dischtime)) as overlapping_admissions,
       (select count(*) from stg_admissions where dischtime < admittime) as discharges_before_admission`,
  );
  return ReportFacts.parse(facts);
}

async function lengths(connection: DuckDBConnection, unit: string): Promise<z.infer<typeof LengthQuantiles>> {
  const [found] = await queryRows(
    connection,
    z.object({
      p50: z.coerce.number().nullable(),
      p90: z.coerce.number().nullable(),
      p99: z.coerce.number().nullable(),
      max: z.coerce.number().nullable(),
    }),
    `select quantile_disc(n, 0.5) as p50, quantile_disc(n, 0.9) as p90, quantile_disc(n, 0.99) as p99, max(n) as max
     from (select count(*) as n from tokens_final group by ${unit})`,
  );
  return { p50: found?.p50 ?? 0, p90: found?.p90 ?? 0, p99: found?.p99 ?? 0, max: found?.max ?? 0 };
}

function histogram(connection: DuckDBConnection): Promise<Report["length_histogram"][number][]> {
  return queryRows(
    connection,
    z.object({ from: z.coerce.number(), to: z.coerce.number(), admissions: z.coerce.number() }),
    `select (1::bigint << step) as "from", (1::bigint << (step + 1)) - 1 as "to", count(*) as admissions
     from (select floor(log2(count(*)))::int as step from tokens_final group by subject_id, hadm_id)
     group by step order by step`,
  );
}

async function warnings(
  connection: DuckDBConnection,
  settings: Settings,
  steps: ReadonlyMap<string, Step>,
  facts: z.infer<typeof ReportFacts>,
): Promise<string[]> {
  const found: string[] = [];
  if (settings.dx_position === "admission") {
    found.push(
      "Diagnoses are coded after discharge and stand at admission here: a model sees the future. --dx-position discharge puts them where they are known",
    );
  }
  if (settings.population === "all") {
    found.push(
      "Frequent items and deciles come from all subjects, also those of a test split: --population train avoids that",
    );
  }
  const [zeros] = await queryRows(
    connection,
    z.object({ numeric: z.coerce.number(), leading: z.coerce.number() }),
    `select count(*) as numeric, count(*) filter (starts_with(trimmed(icd_code), '0')) as leading
     from raw_diagnoses_icd where icd_version = 9 and regexp_full_match(trimmed(icd_code), '\\d+')`,
  );
  if (zeros && zeros.numeric >= 100 && zeros.leading === 0) {
    found.push(
      `None of ${zeros.numeric} numeric ICD-9 codes begins with 0: a spreadsheet has most likely removed the zeros. Fetch the file again`,
    );
  }
  for (const { step, rejects } of steps.values()) {
    if (rejects > 0)
      found.push(`${rejects} rows of ${step.replace(/^raw_/, "")} could not be read and were left out`);
  }
  if (facts.overlapping_admissions > 0)
    found.push(`${facts.overlapping_admissions} pairs of admissions of one subject overlap`);
  if (facts.discharges_before_admission > 0)
    found.push(
      `${facts.discharges_before_admission} admissions end before they begin; they count as ending at once`,
    );
  if (facts.nonfinite_valuenum > 0)
    found.push(`${facts.nonfinite_valuenum} laboratory values are NaN or infinite; they give no token`);
  return found;
}

/** The facts that a report must tell of any build. */
const expected = [
  ...Object.keys(ReportFacts.shape),
  "settings",
  "tables",
  "absent_sources",
  "sequence_length",
  "length_histogram",
  "top_codes",
  "warnings",
];

/** How many facts the report of the last build does not tell, or how many of its tables have no counts. */
export async function countMissingFacts(lake: Lake): Promise<number> {
  const report = await makeReport(lake);
  const told = new Set(Object.keys(report));
  const silent = models.filter(({ name }) => report.tables[name]?.rows_in === undefined);
  return expected.filter((name) => !told.has(name)).length + silent.length;
}
