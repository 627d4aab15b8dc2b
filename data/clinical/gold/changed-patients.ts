import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Lake } from "../../lake.ts";
import { identifier, queryRows } from "../../sql/duckdb.ts";
import type { SilverSnapshots, SilverVersions } from "../silver/read-silver.ts";
import type { SilverName } from "../silver/silver-table.ts";
import { silverNames } from "../silver/tables.ts";

const Counted = z.object({ count: z.coerce.number() });

/** Tables that Gold joins by the patient; the others it joins by the encounter. */
const byPatient: ReadonlySet<SilverName> = new Set([
  "patient",
  "encounter",
  "condition",
  "medication_request",
]);

/**
 * Fills `changed_patient` with the patients of every row that came, went or changed since those versions, and with
 * the patients of the encounters that such rows name: a row may belong to one patient and name another's visit.
 */
export async function findChanged(
  lake: Lake,
  connection: DuckDBConnection,
  since: SilverVersions,
  snapshots: SilverSnapshots,
): Promise<number> {
  await connection.run("create or replace temp table changed_row (patient_id varchar, encounter_id varchar)");
  for (const name of silverNames) {
    const to = snapshots[name].version;
    if (to === since[name]) continue;
    const changes = await lake.table(`silver.${name}`).changesSql({ from: since[name] + 1, to });
    const visit = name === "patient" ? "null" : "encounter_id";
    await connection.run(`insert into changed_row select distinct patient_id, ${visit} from (${changes})`);
  }
  await connection.run(`
    create or replace temp table changed_patient as
    select patient_id from changed_row where patient_id is not null
    union
    select patient_id from (${await snapshots.encounter.readSql({ columns: ["patient_id", "encounter_id"] })})
    where encounter_id in (select encounter_id from changed_row) and patient_id is not null`);
  const [counted] = await queryRows(connection, Counted, "select count(*) as count from changed_patient");
  return counted?.count ?? 0;
}

/** To look each row up in a short list lets DuckDB pass over the texts of all others; of more, joining is cheaper. */
const FEW = { patients: 20, visits: 500 };

/** The ten tables with only what the changed patients' rows of Gold are made from, each read once. */
export async function readChangedOnly(
  connection: DuckDBConnection,
  snapshots: SilverSnapshots,
  few: Readonly<typeof FEW> = FEW,
): Promise<void> {
  const keep = async (name: SilverName, where: string) => {
    await connection.run(
      `create or replace temp table ${identifier(name)} as
       select * from (${await snapshots[name].readSql()}) where ${where}`,
    );
  };
  const ofPatient = await within(connection, "patient_id", "changed_patient", few.patients);
  await keep("encounter", ofPatient);
  const ofVisit = await within(connection, "encounter_id", "encounter", few.visits);
  for (const name of silverNames)
    if (name !== "encounter") await keep(name, byPatient.has(name) ? ofPatient : ofVisit);
}

/** SQL that is true where a row's id is one of a table's. */
async function within(
  connection: DuckDBConnection,
  id: "patient_id" | "encounter_id",
  table: "changed_patient" | "encounter",
  few: number,
): Promise<string> {
  const [counted] = await queryRows(connection, Counted, `select count(*) as count from ${table}`);
  if ((counted?.count ?? 0) > few) return `${id} in (select ${id} from ${table})`;
  await connection.run(`set variable changed_${id} = (select list(${id}) from ${table})`);
  return `list_contains(getvariable('changed_${id}'), ${id})`;
}
