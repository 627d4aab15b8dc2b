import { gunzipSync } from "node:zlib";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { DataError, NotFoundError } from "../errors.ts";
import type { Lake } from "../lake.ts";
import { identifier, queryRows, quote } from "../sql/duckdb.ts";
import { currentBundles } from "./bronze/bronze-bundle.ts";
import { goldName } from "./gold/encounter-summary.ts";
import { readSilver } from "./silver/read-silver.ts";
import { silverNames } from "./silver/tables.ts";

/** Everything the tables hold of one patient, for a person to look at. */
export interface PatientStory {
  readonly id: string;
  readonly gender: string | null;
  readonly birthDate: string | null;
  readonly bundle: {
    readonly name: string;
    readonly bytes: number;
    readonly resources: readonly Count[];
    readonly patient: string;
  };
  /** Rows in each Silver table, of the patient and of all. */
  readonly rows: readonly (Count & { readonly all: number })[];
  readonly encounters: readonly Line[];
  readonly conditions: readonly Line[];
  readonly medications: readonly Line[];
  readonly observations: readonly Line[];
  /** Gold's row of the first visit with a note. */
  readonly visit: Readonly<Record<string, unknown>> | undefined;
  readonly goldRows: Count & { readonly all: number };
}

interface Count {
  readonly name: string;
  readonly count: number;
}
type Line = Readonly<Record<string, unknown>>;

const PEEK = 1_200;
const SAMPLE = 5;
const Counted = z.object({ name: z.string(), count: z.coerce.number(), all: z.coerce.number() });

/** The patient named, or the first whose story has conditions, medications and a note. */
export async function readStory(lake: Lake, wanted: string | undefined): Promise<PatientStory> {
  const connection = await (await lake.duckdb()).connect();
  try {
    await openViews(lake, connection);
    const id = wanted ?? (await anchorPatient(connection));
    const [patient] = await queryRows(
      connection,
      z.object({ gender: z.string().nullable(), birth_date: z.string().nullable(), source_file: z.string() }),
      `select gender, birth_date::varchar as birth_date, source_file from patient where patient_id = ${quote(id)}`,
    );
    if (!patient) throw new NotFoundError(`silver.patient has no patient ${id}`);
    const of = `patient_id = ${quote(id)}`;
    const sample = (sql: string) =>
      queryRows(connection, z.record(z.string(), z.unknown()), `${sql} limit ${SAMPLE}`);
    return {
      id,
      gender: patient.gender,
      birthDate: patient.birth_date,
      bundle: await readBundle(lake, connection, patient.source_file),
      rows: await countRows(connection, id),
      encounters: await sample(
        `select start_date::date::varchar as date, class_code as class, type_display as type from encounter where ${of} order by start_date`,
      ),
      conditions: await sample(
        `select onset_date::date::varchar as onset, display, clinical_status as status from condition where ${of} order by onset_date`,
      ),
      medications: await sample(
        `select authored_on::date::varchar as authored, display, status from medication_request where ${of} order by authored_on`,
      ),
      observations: await sample(
        `select effective_date::date::varchar as date, display, value, unit from observation where ${of} order by effective_date`,
      ),
      visit: (
        await queryRows(
          connection,
          z.record(z.string(), z.unknown()),
          `select * exclude (silver_versions, active_condition_codes, active_medication_codes, procedure_codes, recent_lab_codes)
             replace (encounter_date::varchar as encounter_date, created_timestamp::varchar as created_timestamp,
             to_json(recent_vitals) as recent_vitals, to_json(recent_labs) as recent_labs, to_json(imaging) as imaging,
             to_json(recent_lab_strings) as recent_lab_strings, ${shortList("active_conditions")},
             ${shortList("active_medications")}, ${shortList("procedures")})
           from gold where ${of} order by soap_note_text is null, encounter_date, encounter_id limit 1`,
        )
      )[0],
      goldRows: Counted.parse(
        (
          await queryRows(
            connection,
            Counted,
            `select ${quote(goldName)} as name, count(*) filter (${of}) as count, count(*) as "all" from gold`,
          )
        )[0],
      ),
    };
  } finally {
    connection.closeSync();
  }
}

/** The first names of a list, and how many more there are. */
function shortList(column: string): string {
  return `array_to_string(${column}[:6], '; ') || case when len(${column}) > 6 then '; ' || len(${column}) - 6 || ' more' else '' end as ${column}`;
}

async function openViews(lake: Lake, connection: DuckDBConnection): Promise<void> {
  const snapshots = await readSilver(lake);
  for (const name of silverNames) {
    await connection.run(
      `create or replace temp view ${identifier(name)} as ${await snapshots[name].readSql()}`,
    );
  }
  const gold = lake.table(goldName);
  if (!(await gold.exists())) throw new DataError("Gold was never built: run `millrace refresh --with-gold`");
  await connection.run(`create or replace temp view gold as ${await (await gold.snapshot()).readSql()}`);
}

async function anchorPatient(connection: DuckDBConnection): Promise<string> {
  const [found] = await queryRows(
    connection,
    z.object({ patient_id: z.string() }),
    `select patient_id from patient
     left join (select patient_id, count(*) as conditions from condition group by all) using (patient_id)
     left join (select patient_id, count(*) as medications from medication_request group by all) using (patient_id)
     left join (select patient_id, count(*) as notes from soap_note group by all) using (patient_id)
     order by (coalesce(conditions, 0) >= 3 and coalesce(medications, 0) >= 3 and coalesce(notes, 0) >= 1) desc,
       coalesce(notes, 0) >= 1 desc, patient_id limit 1`,
  );
  if (!found)
    throw new DataError("Silver holds no patient: run `millrace land` and `millrace refresh --with-gold`");
  return found.patient_id;
}

async function countRows(connection: DuckDBConnection, id: string): Promise<(Count & { all: number })[]> {
  const counts = silverNames.map(
    (name) =>
      `select ${quote(name)} as name, count(*) filter (patient_id = ${quote(id)}) as count, count(*) as "all" from ${identifier(name)}`,
  );
  const rows = await queryRows(connection, Counted, counts.join(" union all "));
  return silverNames.flatMap((name) => rows.filter((row) => row.name === name));
}

async function readBundle(
  lake: Lake,
  connection: DuckDBConnection,
  name: string,
): Promise<PatientStory["bundle"]> {
  const bundle = (await currentBundles(lake, { withdrawn: true })).find((one) => one.name === name);
  if (!bundle) throw new NotFoundError("The bundle of this patient is no longer in Bronze");
  const bytes = await lake.storage.get(bundle.key);
  const text = (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
  const resources = await queryRows(
    connection,
    z.object({ name: z.string(), count: z.coerce.number() }),
    `select entry.resource->>'resourceType' as name, count(*) as count
     from (select unnest(from_json($text::json, '{"entry": [{"resource": "JSON"}]}').entry) as entry)
     group by all order by count desc, name`,
    { text },
  );
  const [patient] = await queryRows(
    connection,
    z.object({ json: z.string() }),
    `select json_pretty(entry.resource) as json
     from (select unnest(from_json($text::json, '{"entry": [{"resource": "JSON"}]}').entry) as entry)
     where entry.resource->>'resourceType' = 'Patient' limit 1`,
    { text },
  );
  return { name, bytes: bundle.size_bytes, resources, patient: (patient?.json ?? "").slice(0, PEEK) };
}
