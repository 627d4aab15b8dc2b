import { describe, expect } from "vitest";
import { buildGold } from "../../../data/clinical/gold/build-gold.ts";
import { goldColumns, requiredFields } from "../../../data/clinical/gold/encounter-summary.ts";
import { dataLimitation } from "../../../data/clinical/silver/genomic-report.ts";
import { passGoldGates } from "../../../data/clinical/validation/gold-gates.ts";
import type { Lake } from "../../../data/lake.ts";
import { bundle, mergeAll, parseFiles, type Row, select, test } from "./clinic.ts";
import { fixtureBundle } from "./fixture-patient.ts";

const to = (id: string) => ({ reference: `urn:uuid:${id}` });
const named = (display: string) => ({ coding: [{ code: display, display }] });
const visit = (id: string, start?: string) => ({
  resourceType: "Encounter",
  id,
  subject: to("p"),
  ...(start ? { period: { start } } : {}),
});
const problem = (id: string, onset?: string, abatement?: string) => ({
  resourceType: "Condition",
  id,
  subject: to("p"),
  code: named(id),
  ...(onset ? { onsetDateTime: onset } : {}),
  ...(abatement ? { abatementDateTime: abatement } : {}),
});
const reading = (id: string, code: string, value: number | null, more: object = {}) => ({
  resourceType: "Observation",
  id,
  subject: to("p"),
  encounter: to("v"),
  code: { coding: [{ code, display: code }] },
  ...(value === null ? {} : { valueQuantity: { value, unit: "u" } }),
  ...more,
});

async function build(lake: Lake, dir: string, ...resources: object[]): Promise<Row[]> {
  await mergeAll(lake, await parseFiles(lake, dir, { "one.json": bundle(...resources) }));
  await buildGold(lake, { instant: new Date() });
  return await goldRows(lake);
}

async function goldRows(lake: Lake): Promise<Row[]> {
  const gold = await (await lake.table("gold.encounter_summary").snapshot()).readSql();
  return await select(
    lake,
    `select * exclude (created_timestamp, silver_versions) from (${gold}) order by encounter_id`,
  );
}

describe("the problem list", () => {
  test("is that of the visit's day", async ({ lake, dir }) => {
    const rows = await build(
      lake,
      dir,
      visit("a", "2021-01-01T00:00:00Z"),
      visit("b", "2021-06-01T12:00:00Z"),
      visit("c", "2021-12-31T00:00:00Z"),
      visit("d"),
      problem("Z1", "2019-01-01T00:00:00Z"),
      problem("C2", "2020-06-01T00:00:00Z", "2021-06-01T23:00:00Z"),
      problem("C3", "2021-09-01T00:00:00Z"),
      problem("always"),
      problem("one day", "2021-01-01T08:00:00Z", "2021-01-01T09:00:00Z"),
      problem("backwards", "2021-12-01T00:00:00Z", "2020-01-01T00:00:00Z"),
    );
    expect(rows.map((row) => row.active_conditions)).toEqual([
      ["C2", "Z1", "always"],
      ["Z1", "always"],
      ["C3", "Z1", "always"],
      ["always"],
    ]);
  });

  test("is empty where nothing is known, and of a visit without a patient", async ({ lake, dir }) => {
    const visits = [visit("a", "2020-01-01T00:00:00Z"), visit("b"), visit("c", "2021-01-01T00:00:00Z")];
    const stranger = { ...visit("d", "2021-01-01T00:00:00Z"), subject: to("stranger") };
    const staged = await parseFiles(lake, dir, {
      "one.json": bundle(...visits, stranger, problem("late", "2020-06-01T00:00:00Z")),
    });
    await mergeAll(lake, staged);
    await lake.table("silver.encounter").append({
      sql: "select id as encounter_id, timestamptz '2021-01-01' as start_date from (values ('e'), ('f')) v(id)",
    });
    await buildGold(lake, { instant: new Date() });
    const rows = await goldRows(lake);
    expect(rows.map((row) => row.active_conditions)).toEqual([[], [], ["late"], [], [], []]);
    expect(rows.map((row) => row.active_condition_codes)).toEqual([[], [], ["late"], [], [], []]);
    expect(rows.map((row) => row.active_medications)).toEqual([[], [], [], [], [], []]);
    expect(rows.map((row) => row.active_medication_codes)).toEqual([[], [], [], [], [], []]);
  });

  test("does not pair every visit with every problem", async ({ lake, dir }) => {
    const visits = Array.from({ length: 2000 }, (_, i) =>
      visit(`v${i}`, new Date(i * 86_400_000).toISOString()),
    );
    const problems = Array.from({ length: 300 }, (_, i) =>
      problem(`c${i}`, new Date(i * 5 * 86_400_000).toISOString()),
    );
    const rows = await build(lake, dir, ...visits, ...problems);
    expect(rows).toHaveLength(2000);
    expect(rows.find((row) => row.encounter_id === "v10")?.active_conditions).toEqual(["c0", "c1", "c2"]);
  });
});

test("a drug counts from its earliest dated request, and only while it is active", async ({ lake, dir }) => {
  const drug = (id: string, name: string, status: string, authoredOn?: string) => ({
    resourceType: "MedicationRequest",
    id,
    status,
    subject: to("p"),
    medicationCodeableConcept: named(name),
    ...(authoredOn ? { authoredOn } : {}),
  });
  const rows = await build(
    lake,
    dir,
    visit("a", "2021-01-01T00:00:00Z"),
    visit("b", "2021-12-31T00:00:00Z"),
    drug("1", "A", "active", "2021-03-01T00:00:00Z"),
    drug("2", "A", "active", "2021-05-01T00:00:00Z"),
    drug("3", "A", "active"),
    drug("4", "B", "stopped", "2020-01-01T00:00:00Z"),
    drug("5", "C", "active"),
  );
  expect(rows.map((row) => row.active_medications)).toEqual([["C"], ["A", "C"]]);
});

test("of several readings the latest counts, and of equal times the greatest id", async ({ lake, dir }) => {
  const pressure = (code: string, value: number | null) => ({
    code: { coding: [{ code }] },
    ...(value === null ? {} : { valueQuantity: { value } }),
  });
  const [row] = await build(
    lake,
    dir,
    visit("v", "2021-01-01T00:00:00Z"),
    reading("h1", "8867-4", 60, { effectiveDateTime: "2021-01-01T08:00:00Z" }),
    reading("h3", "8867-4", 63, { effectiveDateTime: "2021-01-01T09:00:00Z" }),
    reading("h2", "8867-4", 62, { effectiveDateTime: "2021-01-01T09:00:00Z" }),
    reading("h4", "8867-4", null, { effectiveDateTime: "2021-01-01T10:00:00Z" }),
    reading("h9", "8867-4", 99),
    reading("o1", "59408-5", 97, { effectiveDateTime: "2021-01-01T08:00:00Z" }),
    reading("o2", "2708-6", 98, { effectiveDateTime: "2021-01-01T07:00:00Z" }),
    reading("t", "8331-1", 37.5),
    reading("bp1", "55284-4", null, {
      effectiveDateTime: "2021-01-01T08:00:00Z",
      component: [pressure("8480-6", 120), pressure("8462-4", 80)],
    }),
    reading("bp2", "85354-9", null, {
      effectiveDateTime: "2021-01-01T09:00:00Z",
      component: [pressure("8480-6", null), pressure("8462-4", 81)],
    }),
  );
  expect(row?.recent_vitals).toEqual({
    heart_rate: 63,
    bp_systolic: null,
    bp_diastolic: 81,
    temperature: 37.5,
    o2_saturation: 97,
  });
});

test("an age counts anniversaries, and dates are those of UTC", async ({ lake, dir }) => {
  const rows = await build(
    lake,
    dir,
    { resourceType: "Patient", id: "p", birthDate: "1980-07-15" },
    visit("a", "2021-07-14T12:00:00Z"),
    visit("b", "2021-07-14T21:30:00-04:00"),
    visit("c", "1966-07-15T00:00:00Z"),
    visit("d"),
  );
  expect(rows.map((row) => [row.patient_age, row.encounter_date])).toEqual([
    [40, "2021-07-14"],
    [41, "2021-07-15"],
    [-14, "1966-07-15"],
    [null, null],
  ]);
});

test("laboratory results are distinct and sorted, strings with a null value", async ({ lake, dir }) => {
  const lab = { category: [{ coding: [{ code: "laboratory" }] }] };
  const [row] = await build(
    lake,
    dir,
    visit("v", "2021-01-01T00:00:00Z"),
    reading("1", "Z", 2, lab),
    reading("2", "Z", 2, lab),
    reading("3", "Z", 1, lab),
    reading("4", "A", null, { ...lab, valueString: "yellow" }),
    reading("5", "not a lab", 5),
  );
  expect(row?.recent_labs).toEqual([
    { name: "A", value: null, unit: null },
    { name: "Z", value: 1, unit: "u" },
    { name: "Z", value: 2, unit: "u" },
  ]);
});

test("every name has its code beside it, and of several the least", async ({ lake, dir }) => {
  const coded = (code: string, display: string) => ({ coding: [{ code, display }] });
  const condition = (id: string, code: string, display: string, onset?: string) => ({
    ...problem(id, onset),
    code: coded(code, display),
  });
  const drug = (id: string, code: string, display: string, authoredOn?: string) => ({
    resourceType: "MedicationRequest",
    id,
    status: "active",
    subject: to("p"),
    medicationCodeableConcept: coded(code, display),
    ...(authoredOn ? { authoredOn } : {}),
  });
  const done = (id: string, code: string, display: string) => ({
    resourceType: "Procedure",
    id,
    subject: to("p"),
    encounter: to("v"),
    code: coded(code, display),
  });
  const rows = await build(
    lake,
    dir,
    { ...visit("v", "2021-01-01T00:00:00Z"), type: [coded("185345009", "Encounter for symptom")] },
    visit("w"),
    condition("1", "38341003", "Hypertension", "2020-01-01T00:00:00Z"),
    condition("2", "15777000", "Prediabetes", "2020-01-01T00:00:00Z"),
    condition("3", "10000000", "Prediabetes", "2020-02-01T00:00:00Z"),
    condition("4", "77777777", "Anaemia"),
    drug("1", "2", "B"),
    drug("2", "3", "A"),
    drug("3", "5", "C", "2020-01-01T00:00:00Z"),
    done("1", "9", "Suture"),
    done("2", "8", "Suture"),
    done("3", "7", "X-ray"),
    {
      resourceType: "ImagingStudy",
      id: "i",
      subject: to("p"),
      encounter: to("v"),
      series: [{ modality: { code: "MR" }, bodySite: { code: "12738006", display: "Brain" } }],
    },
  );
  expect(rows).toMatchObject([
    {
      encounter_type_code: "185345009",
      active_conditions: ["Anaemia", "Hypertension", "Prediabetes"],
      active_condition_codes: ["77777777", "38341003", "10000000"],
      active_medications: ["A", "B", "C"],
      active_medication_codes: ["3", "2", "5"],
      procedures: ["Suture", "X-ray"],
      procedure_codes: ["8", "7"],
      imaging_body_site_code: "12738006",
      data_limitation: null,
    },
    // Without a date only what has no date either.
    {
      active_conditions: ["Anaemia"],
      active_condition_codes: ["77777777"],
      active_medication_codes: ["3", "2"],
    },
  ]);
});

test("laboratory results that are words have a list of their own", async ({ lake, dir }) => {
  const lab = { category: [{ coding: [{ code: "laboratory" }] }] };
  const [row] = await build(
    lake,
    dir,
    visit("v", "2021-01-01T00:00:00Z"),
    reading("1", "Z", 2, lab),
    reading("2", "B", null, { ...lab, valueString: "yellow" }),
    reading("3", "B", null, { ...lab, valueString: "clear" }),
    reading("4", "B", null, { ...lab, valueString: "clear" }),
    reading("5", "A", null, { ...lab, valueCodeableConcept: { text: "Negative" } }),
    reading("6", "C", null, { valueString: "not a lab" }),
  );
  expect(row?.recent_lab_strings).toEqual([
    { name: "A", code: "A", value: "Negative" },
    { name: "B", code: "B", value: "clear" },
    { name: "B", code: "B", value: "yellow" },
  ]);
  expect(row?.recent_labs).toHaveLength(3);
  expect(row?.recent_lab_codes).toEqual(["A", "B", "Z"]);
});

test("what a genomic report must not be taken for comes with it", async ({ lake, dir }) => {
  await mergeAll(lake, await parseFiles(lake, dir, { "one.json": fixtureBundle }));
  await buildGold(lake, { instant: new Date() });
  const gold = await (await lake.table("gold.encounter_summary").snapshot()).readSql();
  const rows = await select(lake, `select has_genomics, data_limitation from (${gold}) order by all`);
  expect(rows).toEqual([
    { has_genomics: false, data_limitation: null },
    { has_genomics: true, data_limitation: dataLimitation },
  ]);
});

describe("a build", () => {
  test("of unchanged Silver makes no commit, full or not", async ({ lake, dir }) => {
    await mergeAll(lake, await parseFiles(lake, dir, { "one.json": fixtureBundle }));
    const first = await buildGold(lake, { instant: new Date() });
    const second = await buildGold(lake, { instant: new Date() });
    const full = await buildGold(lake, { instant: new Date(), full: true });
    expect([first.mode, second.mode, full.mode]).toEqual(["full", "none", "full"]);
    expect([second.write.outcome, full.write.outcome]).toEqual(["unchanged", "unchanged"]);
    expect((await passGoldGates(lake)).filter((gate) => !gate.passed)).toEqual([]);
  });

  test("whose manifest was lost does not pass the gates", async ({ lake, dir }) => {
    await mergeAll(lake, await parseFiles(lake, dir, { "one.json": fixtureBundle }));
    await buildGold(lake, { instant: new Date() });
    await lake.storage.put("gold/_metadata/corpus_manifest.json", "{");
    expect((await passGoldGates(lake)).filter((gate) => !gate.passed).map((gate) => gate.name)).toContain(
      "manifest_parses",
    );
  });

  test("has the contract's 22 columns first, and then what later versions added", () => {
    const names = goldColumns.map((column) => column.name);
    expect(names.slice(0, 9)).toEqual([...requiredFields]);
    expect(names.indexOf("silver_versions")).toBe(21);
    expect(names.slice(22)).toEqual([
      "encounter_type_code",
      "active_condition_codes",
      "active_medication_codes",
      "procedure_codes",
      "recent_lab_codes",
      "recent_lab_strings",
      "imaging_body_site_code",
      "data_limitation",
    ]);
  });

  test("adds what a table of an older contract lacks, and makes all its rows anew", async ({ lake, dir }) => {
    await mergeAll(lake, await parseFiles(lake, dir, { "one.json": fixtureBundle }));
    const gold = lake.table("gold.encounter_summary");
    await gold.ensure({ columns: goldColumns.slice(0, 22) });
    const visits = await (await lake.table("silver.encounter").snapshot()).readSql();
    await gold.append({ sql: `select encounter_id, patient_id from (${visits})` });

    const built = await buildGold(lake, { instant: new Date() });
    expect([built.mode, built.write.rows.updated]).toEqual(["full", 2]);
    const { columns } = await gold.snapshot();
    expect(columns.map(({ name }) => name)).toEqual(goldColumns.map(({ name }) => name));
    expect((await buildGold(lake, { instant: new Date() })).mode).toBe("none");
  });

  test("by a state of another contract is a full one", async ({ lake, dir }) => {
    await mergeAll(lake, await parseFiles(lake, dir, { "one.json": fixtureBundle }));
    await buildGold(lake, { instant: new Date() });
    const key = "gold/_metadata/build_state.json";
    const state = JSON.parse((await lake.storage.get(key)).toString());
    await lake.storage.put(key, JSON.stringify({ ...state, contract: "1.1.0" }));
    expect((await buildGold(lake, { instant: new Date() })).mode).toBe("full");
  });

  test("with a run's name is done once", async ({ lake, dir }) => {
    await mergeAll(lake, await parseFiles(lake, dir, { "one.json": fixtureBundle }));
    const txn = { appId: "gold-1", version: 1 };
    const first = await buildGold(lake, { instant: new Date(), txn });
    const again = await buildGold(lake, { instant: new Date(), txn, full: true });
    expect([first.write.outcome, again.write.outcome]).toEqual(["committed", "already-applied"]);
  });
});
