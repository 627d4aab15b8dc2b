import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { landBundles } from "../../../data/clinical/landing.ts";
import { mergeSilver } from "../../../data/clinical/silver/merge-silver.ts";
import { quote } from "../../../data/sql/duckdb.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import { base64, bundle, parseFiles, rowsOf, test } from "./clinic.ts";

const planted = ["Quibbert", "Zorblatt", "patient-planted-77", "the secret of the note"];

function speaks(said: string): string[] {
  return planted.filter((name) => said.includes(name));
}

async function errorOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "";
  } catch (error) {
    return error instanceof Error
      ? `${error.message}\n${error.stack}\n${JSON.stringify(error)}`
      : String(error);
  }
}

test("no error of parsing, merging or landing carries a name, an id or a note", async ({ lake, dir }) => {
  const name = "Quibbert_Zorblatt_patient-planted-77.json";
  const patient = {
    resourceType: "Patient",
    id: "patient-planted-77",
    name: [{ family: "Zorblatt", given: ["Quibbert"] }],
    birthDate: "Zorblatt",
    deceasedDateTime: { at: "Quibbert" },
  };
  const note = {
    resourceType: "DocumentReference",
    id: "n",
    subject: { reference: "urn:uuid:patient-planted-77" },
    content: [{ attachment: { data: `${base64("the secret of the note")}!` } }],
  };
  const { quarantined, oddities } = await parseFiles(lake, dir, {
    [name]: `${bundle(patient, note)} trailing Zorblatt`,
    "other.json": bundle(patient, note),
  });
  expect(quarantined.map(({ reason }) => reason)).toEqual(["not_json"]);
  expect(speaks(JSON.stringify({ oddities, reasons: quarantined.map(({ reason }) => reason) }))).toEqual([]);

  const staged = join(dir, "bad.parquet");
  const connection = await (await lake.duckdb()).connect();
  await rowsOf(
    connection,
    `copy (select 'patient-planted-77' as patient_id, 'Zorblatt' as birth_date) to ${quote(staged)}`,
  );
  connection.closeSync();
  const merging = await errorOf(() => mergeSilver(lake, "patient", [{ paths: [staged] }]));
  expect(merging).not.toBe("");
  expect(speaks(merging)).toEqual([]);

  const source = join(dir, "source");
  await mkdir(source);
  await writeFile(join(source, name), "x");
  const landing = await errorOf(() =>
    landBundles(lake, openFolder(source), { labels: ["no label"], now: new Date() }),
  );
  expect(speaks(landing)).toEqual([]);
  // The negative control: an error that did carry one would be seen.
  expect(speaks(`cannot read ${name}`)).not.toEqual([]);
});

test("a bundle that vanishes while it is read is told of without its name", async ({ lake, dir }) => {
  const { parseAll } = await import("./clinic.ts");
  const path = join(dir, "Quibbert_Zorblatt.json");
  const gone = await errorOf(() =>
    parseAll(lake, dir, [{ path, name: "Quibbert_Zorblatt.json", number: 0 }]),
  );
  expect(gone).not.toBe("");
  expect(speaks(gone)).toEqual([]);
});
