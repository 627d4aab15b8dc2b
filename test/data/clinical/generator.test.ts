import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { inOrder } from "../../../data/clinical/bundle-file.ts";
import { generateClinical } from "../../../data/clinical/generator/generate.ts";
import { parseAll, test } from "./clinic.ts";

async function digest(dir: string): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of ["fhir", "dicom"]) {
    for (const name of (await readdir(join(dir, folder))).sort()) {
      hash.update(name).update(await readFile(join(dir, folder, name)));
    }
  }
  return hash.digest("hex");
}

test("the same seed writes the same bytes, another seed others", async ({ dir }) => {
  const options = { patients: 3, visits: 8, defects: true };
  await generateClinical({ ...options, seed: 5, outDir: join(dir, "a") });
  await generateClinical({ ...options, seed: 5, outDir: join(dir, "b") });
  await generateClinical({ ...options, seed: 6, outDir: join(dir, "c") });
  expect(await digest(join(dir, "a"))).toBe(await digest(join(dir, "b")));
  expect(await digest(join(dir, "a"))).not.toBe(await digest(join(dir, "c")));
});

test("a patient's bundle does not depend on how many there are", async ({ dir }) => {
  await generateClinical({ patients: 1, visits: 8, seed: 5, outDir: join(dir, "one") });
  await generateClinical({ patients: 4, visits: 8, seed: 5, outDir: join(dir, "four") });
  const [ones, fours] = [await readdir(join(dir, "one", "fhir")), await readdir(join(dir, "four", "fhir"))];
  expect(fours).toEqual(expect.arrayContaining(ones));
});

test("all ten tables are filled, a note an encounter, and a file an image", async ({ lake, dir }) => {
  const outDir = join(dir, "out");
  const generated = await generateClinical({ patients: 12, visits: 60, seed: 1, outDir });
  const fhir = join(outDir, "fhir");
  const files = inOrder((await readdir(fhir)).map((name) => ({ path: join(fhir, name), name })));
  const { rows, quarantined, oddities } = await parseAll(lake, dir, files, { maxBundleBytes: 1024 ** 3 });

  expect(quarantined).toEqual([]);
  expect(oddities).toEqual({});
  expect(rows.patient).toBe(12);
  expect(rows.soap_note).toBe(rows.encounter);
  expect(Object.entries(rows).filter(([, count]) => count === 0)).toEqual([]);
  expect(generated.dicomFiles).toBeGreaterThan(0);
});
