import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "vitest";
import { inOrder } from "../../../data/clinical/bundle-file.ts";
import { readFingerprints } from "../../../data/clinical/fingerprints.ts";
import type { Lake } from "../../../data/lake.ts";
import { bundle, parseAll, parseFiles, test } from "./clinic.ts";
import { fixtureBundle } from "./fixture-patient.ts";

async function write(dir: string, contents: Readonly<Record<string, string | Buffer>>) {
  const folder = await mkdtemp(join(dir, "read-"));
  for (const [name, content] of Object.entries(contents)) await writeFile(join(folder, name), content);
  return inOrder(Object.keys(contents).map((name) => ({ path: join(folder, name), name })));
}

async function readAgain(lake: Lake, files: ReturnType<typeof inOrder>) {
  const connection = await (await lake.duckdb()).connect();
  try {
    return await readFingerprints(connection, files);
  } finally {
    connection.closeSync();
  }
}

test("a bundle read again has the fingerprint that it had, wherever it stands in a refresh", async ({
  lake,
  dir,
}) => {
  const files = await write(dir, {
    "a.json": fixtureBundle,
    "b.json": bundle({ resourceType: "Organization", id: "o" }),
  });
  const parsed = await parseAll(lake, dir, files);
  expect(await readAgain(lake, files)).toEqual(parsed.fingerprints);

  const moved = files.map((file) => ({ ...file, number: file.number + 40 }));
  expect([...(await readAgain(lake, moved)).values()]).toEqual([...parsed.fingerprints.values()]);
});

test("every change of what Silver reads gives another fingerprint, and what it does not read the same", async ({
  lake,
  dir,
}) => {
  const patient = { resourceType: "Patient", id: "p", gender: "female", birthDate: "1980-01-01" };
  const visit = { resourceType: "Encounter", id: "e", status: "finished" };
  const of = async (content: string) =>
    [...(await parseFiles(lake, dir, { "a.json": content })).fingerprints.values()][0];
  const before = await of(bundle(patient, visit));

  expect(await of(bundle({ ...patient, photo: "x" }, visit))).toBe(before);
  for (const content of [
    bundle({ ...patient, gender: "male" }, visit),
    bundle(patient),
    bundle(patient, visit, visit),
    bundle(visit, patient),
    bundle({ ...patient, gender: "1980-01-01", birthDate: "female" }, visit),
  ]) {
    expect(await of(content)).not.toBe(before);
  }
});

test("packed files and lines are left to be parsed, and an unreadable one spoils no other's", async ({
  lake,
  dir,
}) => {
  const files = await write(dir, {
    "lines.ndjson": JSON.stringify({ resourceType: "Patient", id: "l" }),
    "packed.json.gz": gzipSync(fixtureBundle),
  });
  expect((await readAgain(lake, files)).size).toBe(0);
  const broken = await write(dir, { "a.json": fixtureBundle, "b.json": fixtureBundle.slice(0, 50) });
  expect((await readAgain(lake, broken)).size).toBe(0);
});
