import { gzipSync } from "node:zlib";
import { describe, expect } from "vitest";
import { makeDefects } from "../../../data/clinical/generator/defects.ts";
import { base64, bundle, parseFiles, test } from "./clinic.ts";
import { fixtureBundle } from "./fixture-patient.ts";

describe("a chunk with bad bundles", () => {
  test("puts each aside with its reason and lands the rest", async ({ lake, dir }) => {
    const defects = makeDefects(3);
    const files = Object.fromEntries(defects.map(({ name, content }) => [name, content]));

    const { quarantined, rows } = await parseFiles(lake, dir, { ...files, "good.json": fixtureBundle });

    const reasons = Object.fromEntries(quarantined.map(({ file, reason }) => [file.name, reason]));
    expect(reasons).toEqual(
      Object.fromEntries(defects.flatMap(({ name, reason }) => (reason ? [[name, reason]] : []))),
    );
    expect(rows.encounter).toBe(3);
  });

  test("reads what is only odd: gzip, a byte order mark, one entry for a list, lines", async ({
    lake,
    dir,
  }) => {
    const odd = makeDefects(3).filter(({ name }) => name.startsWith("odd-"));
    const { rows, quarantined, oddities } = await parseFiles(
      lake,
      dir,
      Object.fromEntries(odd.map(({ name, content }) => [name, content])),
    );
    expect(quarantined).toEqual([]);
    expect(rows).toMatchObject({ patient: 7, soap_note: 1, observation: 4 });
    expect(oddities).toEqual({
      "Encounter.class": 1,
      "Encounter.period.end": 1,
      "Encounter.period.start": 1,
      "Observation.category": 1,
      "Observation.code": 1,
      "Observation.effectiveDateTime": 1,
      "Observation.valueQuantity": 1,
      "Observation.valueQuantity.value": 1,
      "Patient.birthDate": 1,
      "Patient.gender": 1,
      "ndjson.line": 1,
    });
  });

  test("puts a bundle over the size limit aside, packed or not", async ({ lake, dir }) => {
    const padded = bundle({ resourceType: "Patient", id: "p", text: "x".repeat(5000) });
    const { quarantined, rows } = await parseFiles(
      lake,
      dir,
      {
        "large.json": padded,
        "packed.json.gz": gzipSync(padded),
        "small.json": bundle({ resourceType: "Patient", id: "q" }),
      },
      { maxBundleBytes: 1000 },
    );
    expect(quarantined.map(({ file, reason }) => [file.name, reason])).toEqual([
      ["large.json", "too_large"],
      ["packed.json.gz", "too_large"],
    ]);
    expect(rows.patient).toBe(1);
  });

  test("takes a text that speaks of NaN for what it is", async ({ lake, dir }) => {
    const { quarantined, rows } = await parseFiles(lake, dir, {
      "talk.json": bundle({ resourceType: "Patient", id: "p", note: 'NaN, "Infinity": nan' }),
    });
    expect(quarantined).toEqual([]);
    expect(rows.patient).toBe(1);
  });

  test("counts what is no number where Silver reads it, however it is spelt", async ({ lake, dir }) => {
    const content = bundle(
      ...["nan", "-inf", "infinity"].map((word) => ({
        resourceType: "Observation",
        id: word,
        valueQuantity: { value: `@${word}@`, unit: "mg" },
      })),
    ).replaceAll(/"@(.*?)@"/g, "$1");
    const parsed = await parseFiles(lake, dir, { "lower.json": content });
    expect(parsed.quarantined).toEqual([]);
    expect(parsed.oddities).toEqual({ "Observation.valueQuantity.value": 3 });
    expect((await parsed.rowsOf("observation")).map(({ value, unit }) => [value, unit])).toEqual(
      Array(3).fill([null, "mg"]),
    );
  });

  test("counts partial dates inside of periods", async ({ lake, dir }) => {
    const { oddities, rows } = await parseFiles(lake, dir, {
      "partial.json": bundle(
        { resourceType: "Encounter", id: "e", period: { start: "2020-05", end: "2020-05-03T10:00:00Z" } },
        { resourceType: "Procedure", id: "p", performedPeriod: { start: "2020", end: "2020" } },
      ),
    });
    expect(rows).toMatchObject({ encounter: 1, procedure: 1 });
    expect(oddities).toEqual({
      "Encounter.period.start": 1,
      "Procedure.performedPeriod.end": 1,
      "Procedure.performedPeriod.start": 1,
    });
  });
});

describe("a bundle", () => {
  test.for(["batch", "collection", "transaction", "searchset"])(
    "of type %s is read",
    async (type, { lake, dir }) => {
      const content = JSON.stringify({
        resourceType: "Bundle",
        type,
        entry: [{ resource: { resourceType: "Patient", id: "p" } }],
      });
      expect((await parseFiles(lake, dir, { "one.json": content })).rows.patient).toBe(1);
    },
  );

  test("without anything for Silver is no bad bundle", async ({ lake, dir }) => {
    const { quarantined, rows } = await parseFiles(lake, dir, {
      "organizations.json": bundle({ resourceType: "Organization", id: "o" }),
      "empty.json": bundle(),
    });
    expect(quarantined).toEqual([]);
    expect(rows.patient).toBe(0);
  });

  test("keeps a resource without id under the empty key, though its fullUrl names it", async ({
    lake,
    dir,
  }) => {
    const parsed = await parseFiles(lake, dir, {
      "one.json": JSON.stringify({
        resourceType: "Bundle",
        entry: [{ fullUrl: "urn:uuid:p", resource: { resourceType: "Patient" } }],
      }),
    });
    expect(await parsed.rowsOf("patient")).toMatchObject([{ patient_id: "" }]);
  });

  test("resolves a note's Binary by the id that only fullUrl gives", async ({ lake, dir }) => {
    const parsed = await parseFiles(lake, dir, {
      "one.json": JSON.stringify({
        resourceType: "Bundle",
        entry: [
          {
            resource: {
              resourceType: "DocumentReference",
              id: "n",
              content: [{ attachment: { url: "Binary/b" } }],
            },
          },
          { fullUrl: "urn:uuid:b", resource: { resourceType: "Binary", data: base64("three word note") } },
        ],
      }),
    });
    expect(await parsed.rowsOf("soap_note")).toMatchObject([
      { note_text: "three word note", word_count: 3, char_count: 15, binary_id: "b" },
    ]);
  });

  test("counts characters of a note as code points", async ({ lake, dir }) => {
    const parsed = await parseFiles(lake, dir, {
      "one.json": bundle({
        resourceType: "DocumentReference",
        id: "n",
        content: [{ attachment: { data: base64("é😀👩‍👩‍👧") } }],
      }),
    });
    expect(await parsed.rowsOf("soap_note")).toMatchObject([{ char_count: 7 }]);
  });

  test("names a drug by reference, contained or of its own", async ({ lake, dir }) => {
    const code = (text: string) => ({ coding: [{ code: text }], text });
    const parsed = await parseFiles(lake, dir, {
      "one.json": bundle(
        {
          resourceType: "MedicationRequest",
          id: "inner",
          contained: [{ resourceType: "Medication", id: "m1", code: code("aspirin") }],
          medicationReference: { reference: "#m1" },
        },
        { resourceType: "MedicationRequest", id: "outer", medicationReference: { reference: "urn:uuid:m2" } },
        { resourceType: "MedicationRequest", id: "lost", medicationReference: { reference: "urn:uuid:m3" } },
        { resourceType: "Medication", id: "m2", code: code("ibuprofen") },
      ),
    });
    const rows = await parsed.rowsOf("medication_request");
    expect(rows.map((row) => [row.medication_request_id, row.display])).toEqual([
      ["inner", "aspirin"],
      ["outer", "ibuprofen"],
      ["lost", ""],
    ]);
  });

  test("tells of electrocardiograms and variants by their source", async ({ lake, dir }) => {
    const parsed = await parseFiles(lake, dir, {
      "one.json": bundle(
        {
          resourceType: "Observation",
          id: "signal",
          code: { text: "ECG lead I" },
          valueSampledData: { period: 10, data: "1 2 3" },
        },
        {
          resourceType: "Media",
          id: "picture",
          modality: { text: "Electrocardiogram" },
          content: { url: "Binary/b" },
        },
        {
          resourceType: "Observation",
          id: "variant",
          code: { coding: [{ code: "69548-6", display: "The APOE gene: likely pathogenic variant" }] },
        },
      ),
    });
    const ecg = await parsed.rowsOf("ecg_metadata");
    expect(ecg.map((row) => [row.ecg_id, row.source, row.has_waveform])).toEqual([
      ["signal", "Observation", true],
      ["picture", "Media", true],
    ]);
    expect(await parsed.rowsOf("genomic_report")).toMatchObject([
      { report_id: "variant", source: "Observation", has_pathogenic_variant: true },
    ]);
    expect(parsed.rows.observation).toBe(2);
  });

  test("leaves components as JSON, and null where there are none", async ({ lake, dir }) => {
    const parsed = await parseFiles(lake, dir, {
      "one.json": bundle(
        {
          resourceType: "Observation",
          id: "with",
          component: [{ code: { text: "A" }, valueQuantity: { value: "1.5" } }, { valueString: "x" }],
        },
        { resourceType: "Observation", id: "without", component: [], valueString: '{"not": "an object"}' },
      ),
    });
    const [first, second] = await parsed.rowsOf("observation");
    expect(JSON.parse(String(first?.components_json))).toEqual([
      { code: "", display: "A", value: 1.5, unit: null },
      { code: "", display: "", value: null, unit: null },
    ]);
    expect(second).toMatchObject({ components_json: null, value_string: '{"not": "an object"}' });
  });
});
