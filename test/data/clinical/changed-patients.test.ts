import { expect } from "vitest";
import { readChangedOnly } from "../../../data/clinical/gold/changed-patients.ts";
import { readSilver } from "../../../data/clinical/silver/read-silver.ts";
import { silverNames } from "../../../data/clinical/silver/tables.ts";
import { bundle, mergeAll, parseFiles, rowsOf, test } from "./clinic.ts";

const to = (id: string) => ({ reference: `urn:uuid:${id}` });

/** A patient of two visits, and a measurement at the visit of another. */
function patient(name: string, other: string): string {
  const visits = [1, 2].map((n) => ({ resourceType: "Encounter", id: `${name}-v${n}`, subject: to(name) }));
  const rate = (id: string, visit: string) => ({
    resourceType: "Observation",
    id: `${name}-${id}`,
    subject: to(name),
    encounter: to(visit),
  });
  return bundle(
    { resourceType: "Patient", id: name },
    { resourceType: "Condition", id: `${name}-c`, subject: to(name) },
    ...visits,
    rate("own", `${name}-v1`),
    rate("away", `${other}-v2`),
    rate("nowhere", ""),
  );
}

test("rows of few patients and of many are found alike", async ({ lake, dir }) => {
  const files = { "a.json": patient("a", "b"), "b.json": patient("b", "c"), "c.json": patient("c", "a") };
  await mergeAll(lake, await parseFiles(lake, dir, files));
  const snapshots = await readSilver(lake);
  const connection = await (await lake.duckdb()).connect();
  const found = async (changed: readonly string[], few?: { patients: number; visits: number }) => {
    const list = changed.map((id) => `'${id}'`).join(", ");
    await connection.run(
      `create or replace temp table changed_patient as
       select unnest([${list}]::varchar[]) as patient_id`,
    );
    await readChangedOnly(connection, snapshots, few);
    const kept: Record<string, string[]> = {};
    for (const name of silverNames) {
      const rows = await rowsOf(connection, `select * from "${name}" order by all`);
      kept[name] = rows.map((row) => JSON.stringify(Object.values(row)[0]));
    }
    return kept;
  };

  for (const changed of [[], ["a"], ["a", "c"], ["nobody"]]) {
    const few = await found(changed);
    expect(few).toEqual(await found(changed, { patients: 0, visits: 0 }));
    expect(few.encounter).toHaveLength(changed.filter((id) => id !== "nobody").length * 2);
  }
  expect((await found(["a"])).observation).toEqual(['"a-own"', '"c-away"']);
  connection.closeSync();
});
