import { describe, expect } from "vitest";
import { withdrawSilver } from "../../../data/clinical/silver/merge-silver.ts";
import { scaledMinimum, validateSilver } from "../../../data/clinical/validation/validate-silver.ts";
import { bundle, mergeAll, parseFiles, runInstant, select, test } from "./clinic.ts";
import { fixtureBundle } from "./fixture-patient.ts";

const run = (runId: string, bundles?: number) => ({
  runId,
  instant: runInstant,
  codeVersion: "test",
  ...(bundles === undefined ? {} : { bundles }),
});

describe("validation", () => {
  test("names rules, details and failures as the contract does", async ({ lake, dir }) => {
    await mergeAll(lake, await parseFiles(lake, dir, { "one.json": fixtureBundle }));
    const [patient, , , , , , note, ecg] = await validateSilver(lake, run("1"));

    expect(patient?.outcomes.filter((one) => one.severity === "contract")).toEqual([
      {
        name: "min_rows>=100",
        passed: false,
        detail: "1 (>= 100)",
        failure: "min_rows<100(=1)",
        severity: "contract",
      },
      { name: "non_null:patient_id", passed: true, detail: "0 nulls / 1", severity: "contract" },
      { name: "non_null:gender", passed: true, detail: "0 nulls / 1", severity: "contract" },
      { name: "unique:patient_id", passed: true, detail: "1/1 distinct", severity: "contract" },
    ]);
    expect(note?.outcomes.map((one) => one.failure)).toContain("short_notes_pct>0.2(=1.00)");
    expect(note?.outcomes.map((one) => one.name)).toContain("sections_pct>=80%");
    expect(ecg?.outcomes.map((one) => one.name)).toContain("range:heart_rate_bpm∈[30,250]");
  });

  test("gives 45 outcomes of the contract when only the electrocardiograms are missing", async ({
    lake,
    dir,
  }) => {
    const withoutEcg = fixtureBundle.replace("EKG study", "Study").replaceAll("Normal ECG", "Normal");
    await mergeAll(lake, await parseFiles(lake, dir, { "one.json": withoutEcg }));
    const outcomes = (await validateSilver(lake, run("1"))).flatMap((table) => table.outcomes);
    expect(outcomes.filter((one) => one.severity === "contract")).toHaveLength(45);
  });

  test("asks less of a small set, and never more of a large one", () => {
    expect(scaledMinimum(100, 30)).toBe(27);
    expect(scaledMinimum(100, 1280)).toBe(100);
    expect(scaledMinimum(100, undefined)).toBe(100);
    expect(scaledMinimum(0, 30)).toBe(0);
  });

  test("sees empty keys, orphans and dates that cannot be", async ({ lake, dir }) => {
    const encounter = { resourceType: "Encounter", subject: { reference: "urn:uuid:nobody" } };
    const content = bundle(
      { resourceType: "Patient", id: "p", gender: "male", birthDate: "2990-01-01" },
      { ...encounter, period: { start: "2020-01-02", end: "2020-01-01" } },
    );
    await mergeAll(lake, await parseFiles(lake, dir, { "one.json": content }));
    const [patient, visits] = await validateSilver(lake, run("1", 1));
    expect(patient?.passed).toBe(true);
    expect(patient?.outcomes.filter((one) => !one.passed).map((one) => one.failure)).toEqual([
      "plausible:no_future_birth(1)",
      "plausible:age_0_to_130(1)",
    ]);
    expect(visits?.passed).toBe(false);
    expect(visits?.outcomes.filter((one) => !one.passed).map((one) => one.failure)).toEqual([
      "non_empty:encounter_id(1)",
      "refers:patient_id(1)",
      "plausible:ends_after_start(1)",
    ]);
  });

  test("logs ten rows a run, once, and sees a sudden drop", async ({ lake, dir }) => {
    const more = bundle({ resourceType: "Patient", id: "q" });
    await mergeAll(lake, await parseFiles(lake, dir, { "one.json": fixtureBundle, "two.json": more }));
    await validateSilver(lake, run("1", 2));
    await validateSilver(lake, run("1", 2));
    await withdrawSilver(lake, "patient", ["two.json"]);
    const [patient] = await validateSilver(lake, {
      ...run("2", 2),
      instant: new Date(runInstant.getTime() + 1000),
    });

    expect(patient?.outcomes.find((one) => one.name === "drop<=10%")).toMatchObject({
      passed: false,
      failure: "drop>10%(2->1)",
    });
    const log = await (await lake.table("silver.ingest_log").snapshot()).readSql();
    expect(
      await select(lake, `select run_id, count(*)::integer as n from (${log}) group by 1 order by 1`),
    ).toEqual([
      { run_id: "1", n: 10 },
      { run_id: "2", n: 10 },
    ]);
  });
});
