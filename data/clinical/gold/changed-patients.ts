import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Lake } from "../../lake.ts";
import { identifier, queryRows } from "../../sql/duckdb.ts";
import type { SilverSnapshots, SilverVersions } from "../silver/read-silver.ts";
import type { SilverName } from "../silver/silver-table.ts";
import { silverNames } from "../silver/tables.ts";

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
  const [counted] = await queryRows(
    connection,
    z.object({ count: z.coerce.number() }),
    "select count(*) as count from changed_patient",
  );
  return counted?.count ?? 0;
}

/** To look each row's visit up in a list lets DuckDB pass over the texts of all others; of more, joining is cheaper. */
const FEW_VISITS = 1_000;

/** The ten tables with only what the changed patients' rows of Gold are made from, each read once. */
export async function readChangedOnly(
  connection: DuckDBConnection,
  snapshots: SilverSnapshots,
): Promise<void> {
  const keep = async (name: SilverName, within: string) => {
    await connection.run(
      `create or replace temp table ${identifier(name)} as
       select * from (${await snapshots[name].readSql()}) where ${within}`,
    );
  };
  const ofPatient = "patient_id in (select patient_id from changed_patient)";
  await keep("encounter", ofPatient);
  const [visits] = await queryRows(
    connection,
    z.object({ count: z.coerce.number() }),
    "select count(*) as count from encounter",
  );
  await connection.run("set variable changed_visits = (select list(encounter_id) from encounter)");
  const isFew = (visits?.count ?? 0) <= FEW_VISITS;
  for (const name of silverNames) {
    if (name === "encounter") continue;
    if (byPatient.has(name)) await keep(name, ofPatient);
    else if (name === "soap_note" && isFew)
      await keep(name, "list_contains(getvariable('changed_visits'), encounter_id)");
    else await keep(name, "encounter_id in (select encounter_id from encounter)");
  }
}
