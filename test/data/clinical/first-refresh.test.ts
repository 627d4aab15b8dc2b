import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import { landBundles } from "../../../data/clinical/landing.ts";
import { parseStaged, readOutcomes, stagedRows } from "../../../data/clinical/refresh-chunk.ts";
import { readPlan, writePlan } from "../../../data/clinical/refresh-files.ts";
import { planRefresh } from "../../../data/clinical/refresh-plan.ts";
import { mergeSilver } from "../../../data/clinical/silver/merge-silver.ts";
import type { SilverName } from "../../../data/clinical/silver/silver-table.ts";
import { silverNames, silverTables } from "../../../data/clinical/silver/tables.ts";
import { ConflictError } from "../../../data/delta/conflict.ts";
import type { Lake } from "../../../data/lake.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import { bundle, runInstant, select, test } from "./clinic.ts";

interface Place {
  readonly lake: Lake;
  readonly dir: string;
}
type Bundles = Readonly<Record<string, string>>;

const patient = (id: string, city: string) => ({ resourceType: "Patient", id, address: [{ city }] });
const visit = (id: string) => ({ resourceType: "Encounter", id, status: "finished" });

/** Lands bundles and parses each as a chunk of its own. */
async function parseEach({ lake, dir }: Place, refresh: string, bundles: Bundles) {
  const source = join(dir, "source");
  await mkdir(source, { recursive: true });
  for (const [name, text] of Object.entries(bundles)) await writeFile(join(source, name), text);
  await landBundles(lake, openFolder(source), { labels: ["A"], now: runInstant });
  const plan = await planRefresh(lake);
  const chunks = plan.chunks.flat().map((planned) => [planned]);
  const options = { startedAt: runInstant.getTime(), maxBundleBytes: 1024 ** 2, parsed: [] };
  const stored = await writePlan(lake, refresh, { ...plan, chunks }, options);
  for (const chunk of chunks.keys())
    await parseStaged(lake, refresh, chunk, stored, new AbortController().signal);
}

async function mergeOne(lake: Lake, refresh: string, name: SilverName) {
  const plan = await readPlan(lake, refresh);
  if (!plan) throw new Error("no plan");
  const outcomes = await readOutcomes(lake, refresh, plan);
  return await mergeSilver(lake, name, await stagedRows(lake, refresh, plan, outcomes, name), {
    txn: { appId: `${refresh}/merge`, version: 1 },
  });
}

async function mergeAll(lake: Lake, refresh: string) {
  const merges = silverNames.map(async (name) => [name, await mergeOne(lake, refresh, name)]);
  return Object.fromEntries(await Promise.all(merges));
}

async function filesOf(lake: Lake, table: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of lake.storage.list(`silver/${table}/`))
    if (key.endsWith(".parquet") && !key.includes("_delta_log")) keys.push(key);
  return keys.sort();
}

async function patients(lake: Lake) {
  const rows = await (await lake.table("silver.patient").snapshot()).readSql();
  return await select(lake, `select patient_id, city, source_file from (${rows}) order by all`);
}

const two: Bundles = {
  "a.json": bundle(patient("p1", "Oslo"), visit("v1")),
  "b.json": bundle(patient("p2", "Rome"), visit("v2")),
};

describe("the rows of a first refresh", () => {
  test("are written once: what the chunks wrote becomes the tables' files in one commit", async ({
    lake,
    dir,
  }) => {
    await parseEach({ lake, dir }, "first", two);
    const written = await filesOf(lake, "patient");
    expect(written).toHaveLength(2);
    expect(await patients(lake)).toEqual([]);

    const merged = await mergeAll(lake, "first");
    expect(merged.patient).toMatchObject({
      outcome: "committed",
      rows: { inserted: 2 },
      files: { added: 2 },
    });
    expect(merged.condition).toMatchObject({ outcome: "unchanged" });
    expect(await filesOf(lake, "patient")).toEqual(written);
    expect(await patients(lake)).toEqual([
      { patient_id: "p1", city: "Oslo", source_file: "a.json" },
      { patient_id: "p2", city: "Rome", source_file: "b.json" },
    ]);
  });

  test("hold the columns of the table and nothing else", async ({ lake, dir }) => {
    await parseEach({ lake, dir }, "first", two);
    const [key = ""] = await filesOf(lake, "encounter");
    const path = await lake.storage.localPath(key);
    const columns = await select(lake, `describe from read_parquet('${path}')`);
    const { columns: expected } = await lake.table("silver.encounter").snapshot();
    expect(columns.map(({ column_name }) => column_name)).toEqual(expected.map(({ name }) => name));
  });

  test("are taken once, though a chunk and a merge are done again", async ({ lake, dir }) => {
    await parseEach({ lake, dir }, "first", two);
    const plan = await readPlan(lake, "first");
    if (!plan) throw new Error("no plan");
    // As after a death before the chunk's outcome was written: its first files belong to nobody.
    await parseStaged(lake, "first", 0, plan, new AbortController().signal);
    expect(await filesOf(lake, "patient")).toHaveLength(3);
    await mergeAll(lake, "first");
    expect((await mergeAll(lake, "first")).patient).toMatchObject({ outcome: "already-applied" });
    expect(await patients(lake)).toHaveLength(2);
  });

  test("of one key in two chunks are the later one's", async ({ lake, dir }) => {
    await parseEach({ lake, dir }, "first", {
      "a.json": bundle(patient("p1", "Rome"), patient("p2", "Bonn")),
      "b.json": bundle(patient("p1", "Oslo")),
      "c.json": bundle(patient("p2", "Kiel"), patient("p3", "Lima")),
    });
    expect((await mergeAll(lake, "first")).patient).toMatchObject({
      repeats: true,
      rows: { inserted: 3 },
    });
    expect(await patients(lake)).toEqual([
      { patient_id: "p1", city: "Oslo", source_file: "b.json" },
      { patient_id: "p2", city: "Kiel", source_file: "c.json" },
      { patient_id: "p3", city: "Lima", source_file: "c.json" },
    ]);
  });

  test("of one key twice in a chunk are the last one's, and wait in order beside those of other chunks", async ({
    lake,
    dir,
  }) => {
    await parseEach({ lake, dir }, "first", {
      "a.json": bundle(patient("p1", "Oslo"), patient("p1", "Rome"), patient("p2", "Bonn")),
      "b.json": bundle(patient("p2", "Kiel")),
    });
    // The chunk with the repeated id has left no file under the table.
    expect(await filesOf(lake, "patient")).toHaveLength(1);
    await mergeAll(lake, "first");
    expect(await patients(lake)).toEqual([
      { patient_id: "p1", city: "Rome", source_file: "a.json" },
      { patient_id: "p2", city: "Kiel", source_file: "b.json" },
    ]);
  });
});

test.for([true, false])(
  "a merge that woke late takes nothing from who wrote meanwhile (own files: %s)",
  async (own, { lake, dir }) => {
    await parseEach(
      { lake, dir },
      "late",
      own
        ? two
        : { "a.json": bundle(patient("p1", "Oslo"), patient("p2", "Bonn"), visit("v1"), visit("v1")) },
    );
    await parseEach({ lake, dir }, "other", { "z.json": bundle(patient("p9", "Lima")) });
    // Between its look at the empty table and its commit.
    vi.spyOn(lake, "duckdb").mockImplementationOnce(async () => {
      await mergeAll(lake, "other");
      return await lake.duckdb();
    });
    await expect(mergeOne(lake, "late", "patient")).rejects.toThrow(ConflictError);
    expect((await patients(lake)).map(({ patient_id }) => patient_id)).toContain("p9");

    // Tried again it finds rows, and merges.
    await mergeOne(lake, "late", "patient");
    const ids = (await patients(lake)).map(({ patient_id }) => patient_id);
    expect(ids).toEqual(expect.arrayContaining(["p1", "p2", "p9"]));
  },
);

test("a later refresh stages its rows apart, for Silver has some to compare with", async ({ lake, dir }) => {
  await parseEach({ lake, dir }, "first", two);
  await mergeAll(lake, "first");
  const before = await filesOf(lake, "patient");
  await parseEach({ lake, dir }, "second", { "c.json": bundle(patient("p3", "Lima")) });
  expect(await filesOf(lake, "patient")).toEqual(before);
  await mergeAll(lake, "second");
  expect(await patients(lake)).toHaveLength(3);
});

test("every row has the id of one resource for its key, so that no key is twice where no id is", () => {
  for (const { key, select: sql } of silverTables) {
    const branches = sql.split(/union all by name/);
    const keys = sql.match(new RegExp(`coalesce\\(plain\\((\\w+\\.)?id\\), ''\\) as ${key}\\b`, "g")) ?? [];
    expect(keys, key).toHaveLength(branches.length);
  }
});
