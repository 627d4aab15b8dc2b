import { describe, expect } from "vitest";
import { buildGold } from "../../../data/clinical/gold/build-gold.ts";
import { mergeAll, parseFiles, select, test } from "./clinic.ts";
import { fixtureBundle } from "./fixture-patient.ts";

describe("the fixture patient", () => {
  test("fills every Silver table", async ({ lake, dir }) => {
    const { rows, quarantined, oddities } = await parseFiles(lake, dir, { "one.json": fixtureBundle });

    expect(rows).toEqual({
      patient: 1,
      encounter: 2,
      condition: 1,
      observation: 5,
      medication_request: 1,
      procedure: 1,
      soap_note: 2,
      ecg_metadata: 1,
      imaging_study: 1,
      genomic_report: 1,
    });
    expect(quarantined).toEqual([]);
    expect(oddities).toEqual({});
  });

  test("is read by the rules of each table", async ({ lake, dir }) => {
    const parsed = await parseFiles(lake, dir, { "one.json": fixtureBundle });

    const [visit] = await parsed.rowsOf("encounter");
    expect(visit).toMatchObject({
      encounter_id: "encounter-001",
      patient_id: "patient-synthetic-001",
      class_code: "AMB",
      start_date: "2021-03-15 13:00:00+00",
      provider_id: "us-npi|9999999799",
      reason_code: "",
      source_file: "one.json",
      ingest_timestamp: "2026-01-02 03:04:05+00",
    });
    const [classic, markdown] = await parsed.rowsOf("soap_note");
    expect(classic).toMatchObject({
      has_subjective: true,
      has_objective: true,
      has_plan: true,
      binary_id: "",
    });
    expect(markdown).toMatchObject({
      has_subjective: true,
      has_objective: false,
      has_assessment: true,
      has_plan: true,
      binary_id: "binary-001",
    });
    expect(await parsed.rowsOf("ecg_metadata")).toMatchObject([
      { heart_rate_bpm: 78, rhythm: "Sinus rhythm", has_waveform: true, waveform_binary_id: "wave-001" },
    ]);
    expect(await parsed.rowsOf("genomic_report")).toMatchObject([
      {
        has_pathogenic_variant: false,
        data_limitation: "Synthea simulated inheritance — not clinical variants",
        source: "DiagnosticReport",
      },
    ]);
    expect(await parsed.rowsOf("imaging_study")).toMatchObject([{ modality: "MR", dicom_extracted: false }]);
  });

  test("gives two rows of Gold, and what lasts is carried forward", async ({ lake, dir }) => {
    await mergeAll(lake, await parseFiles(lake, dir, { "one.json": fixtureBundle }));
    const { manifest } = await buildGold(lake, { instant: new Date() });
    expect(manifest.row_count).toBe(2);

    const gold = await (await lake.table("gold.encounter_summary").snapshot()).readSql();
    const [first, second] = await select(lake, `select * from (${gold}) order by encounter_id`);
    expect(first).toMatchObject({
      summary_id: "1a975487-b066-5043-9bd7-114de0bde019",
      patient_age: 40,
      encounter_date: "2021-03-15",
      recent_vitals: { heart_rate: 72, bp_systolic: 154, bp_diastolic: 85, o2_saturation: null },
      recent_labs: [{ name: "Glucose", value: 95, unit: "mg/dL" }],
      procedures: ["Medication Reconciliation"],
      has_ecg: true,
      ecg_finding: "Normal ECG.",
      has_genomics: true,
      imaging: { has_imaging: true, modality: "MR" },
    });
    expect(second).toMatchObject({
      summary_id: "dca00504-582f-517e-ac51-b069db1ab21d",
      active_conditions: ["Hypertension"],
      active_medications: ["aspirin 325 MG Oral Tablet"],
      recent_labs: [],
      procedures: [],
      has_ecg: false,
      has_genomics: false,
      imaging: { has_imaging: false, modality: null },
    });
  });
});
