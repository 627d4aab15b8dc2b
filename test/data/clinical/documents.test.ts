import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import { writeDocuments } from "../../../data/clinical/documents/documents.ts";
import { renderGoldSchema } from "../../../data/clinical/documents/gold-schema.ts";
import { goldColumns } from "../../../data/clinical/gold/encounter-summary.ts";
import { silverTables } from "../../../data/clinical/silver/tables.ts";
import { test } from "./clinic.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

describe("the generated documents", () => {
  test("are those in the repository", async () => {
    expect(await writeDocuments(root, { check: true })).toEqual([]);
  });

  test("are told stale by a check, which writes nothing, and then written", async ({ dir }) => {
    const folder = await mkdtemp(join(dir, "docs-"));
    const both = ["docs/data-dictionary.md", "docs/schemas/gold_encounter_summary.json"];
    expect(await writeDocuments(folder, { check: true })).toEqual(both);
    expect(await writeDocuments(folder, { check: true })).toEqual(both);
    expect(await writeDocuments(folder)).toEqual(both);
    expect(await writeDocuments(folder, { check: true })).toEqual([]);
    await writeFile(join(folder, both[0] ?? ""), "edited");
    expect(await writeDocuments(folder)).toEqual([both[0]]);
  });
});

describe("the schema of Gold", () => {
  test("is the contract: 22 properties and 8 added later, 9 of them required, keys sorted", () => {
    const text = renderGoldSchema();
    const schema = JSON.parse(text);
    expect(Object.keys(schema)).toEqual(Object.keys(schema).sort());
    expect(schema["x-contract-version"]).toBe("1.2.0");
    expect(Object.keys(schema.properties)).toHaveLength(30);
    expect(schema.required).toHaveLength(9);
    expect(schema.properties.patient_gender.type).toBe("string");
    expect(schema.properties.patient_age.type).toEqual(["integer", "null"]);
    expect(schema.properties.recent_labs.items.properties.value.type).toEqual(["number", "null"]);
    expect(schema.properties.imaging.properties.study_date).toEqual({
      format: "date",
      type: ["string", "null"],
    });
    expect(text.endsWith("}\n")).toBe(true);
  });
});

test("every table has the columns of the contract, in order, and its provenance last", async () => {
  const counts = Object.fromEntries(silverTables.map((table) => [table.name, table.columns.length]));
  expect(counts).toEqual({
    patient: 12,
    encounter: 13,
    condition: 11,
    observation: 13,
    medication_request: 11,
    procedure: 10,
    soap_note: 14,
    // One more than the contract: `source`, for rows that no report gave.
    ecg_metadata: 15,
    imaging_study: 22,
    genomic_report: 14,
  });
  for (const { columns, key } of silverTables) {
    expect(columns[0]?.name).toBe(key);
    expect(columns.slice(-2).map((column) => column.name)).toEqual(["source_file", "ingest_timestamp"]);
  }
  expect(goldColumns[21]?.name).toBe("silver_versions");
  expect(await readFile(join(root, "docs/data-dictionary.md"), "utf8")).toContain("timestamp[us, UTC]");
});
