import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import { z } from "zod";
import { generateClinical } from "../../../data/clinical/generator/generate.ts";
import { withdrawBundles } from "../../../data/clinical/landing.ts";
import { silverNames } from "../../../data/clinical/silver/tables.ts";
import type { Lake } from "../../../data/lake.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { cohortLand, Input as LandInput } from "../../../workers/cohort-ingest/cohort-land/job.ts";
import { cohortRefresh, Input as RefreshInput } from "../../../workers/cohort-ingest/cohort-refresh/job.ts";
import { cohortSense } from "../../../workers/cohort-ingest/cohort-sense/job.ts";
import type { Services } from "../../../workers/define-job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { test } from "../../support/test.ts";

const pools = ["cohort-ingest", "silver-merge", "gold-build"] as const;

const bundle = (...resources: object[]) =>
  JSON.stringify({ resourceType: "Bundle", entry: resources.map((resource) => ({ resource })) });

async function land(services: Services, source: string) {
  const job = await enqueue(services.queues, cohortLand, LandInput.parse({ source, settleMs: 0 }));
  return untilEnded(services.queues, job.id);
}

async function refresh(services: Services, input: Partial<z.input<typeof RefreshInput>> = {}) {
  const asked = RefreshInput.parse({ withGold: true, ...input });
  const job = await enqueue(services.queues, cohortRefresh, asked);
  const ended = await untilEnded(services.queues, job.id);
  expect(ended.error).toBeNull();
  return ended.output as Record<string, number | string>;
}

async function rows(lake: Lake, table: `${string}.${string}`): Promise<number> {
  const [found] = await (await lake.duckdb()).query(
    z.object({ n: z.coerce.number() }),
    `select count(*) as n from (${await (await lake.table(table).snapshot()).readSql()})`,
  );
  return found?.n ?? 0;
}

function versions(lake: Lake): Promise<number[]> {
  const names = [...silverNames.map((name) => `silver.${name}` as const), "gold.encounter_summary" as const];
  return Promise.all(names.map(async (name) => (await lake.table(name).snapshot()).version));
}

describe("cohort-sense", () => {
  test("takes a settled folder of the inbox to Gold once, and leaves a growing one", async ({
    dir,
    lake,
    services,
  }) => {
    await generateClinical({ patients: 3, seed: 4, visits: 2, outDir: dir });
    for (const name of await readdir(join(dir, "fhir"))) {
      await lake.storage.put(`inbox/D/${name}`, await readFile(join(dir, "fhir", name)));
    }
    await using _pool = await startPool(services, { pools, jobOf: jobOfKind, concurrency: 2 });
    const sense = async (settleMs: number) => {
      const { id } = await enqueue(services.queues, cohortSense, { settleMs });
      const ended = await untilEnded(services.queues, id);
      expect(ended.error).toBeNull();
      return (ended.output as { landed: number }).landed;
    };

    expect(await sense(60_000)).toBe(0);
    expect(await sense(0)).toBeGreaterThanOrEqual(0);
    expect(await rows(lake, "silver.patient")).toBe(3);
    const before = await versions(lake);
    expect(await sense(0)).toBe(0);
    expect(await versions(lake)).toEqual(before);
  });
});

describe("cohort-refresh", () => {
  test("fills Silver and Gold from what was landed, and commits nothing the second time", async ({
    dir,
    lake,
    services,
  }) => {
    await generateClinical({ patients: 6, seed: 1, visits: 4, outDir: dir });
    await using _pool = await startPool(services, { pools, jobOf: jobOfKind, concurrency: 2 });
    expect((await land(services, join(dir, "fhir"))).error).toBeNull();

    const first = await refresh(services);
    expect(first).toMatchObject({ quarantined: 0, gold: "full" });
    expect(await rows(lake, "silver.patient")).toBe(6);
    expect(await rows(lake, "gold.encounter_summary")).toBe(await rows(lake, "silver.encounter"));
    const before = await versions(lake);

    const landedAgain = await land(services, join(dir, "fhir"));
    expect(landedAgain.output).toMatchObject({ landed: 0, changed: 0 });
    await refresh(services);
    await refresh(services, { full: true });
    expect(await versions(lake)).toEqual(before);
  });

  test("brings over a changed bundle and a withdrawn one, and builds Gold for their patients only", async ({
    dir,
    lake,
    services,
  }) => {
    await generateClinical({ patients: 5, seed: 2, visits: 3, outDir: dir });
    const source = join(dir, "fhir");
    await using _pool = await startPool(services, { pools, jobOf: jobOfKind, concurrency: 2 });
    await land(services, source);
    await refresh(services);
    const names = (await readdir(source)).filter((name) => name.endsWith(".json")).sort();
    const patients = [];
    for (const name of names) {
      const text = await readFile(join(source, name), "utf8");
      if (text.includes('"resourceType":"Patient"')) patients.push({ name, text });
    }
    const [changed, withdrawn] = patients;
    if (!changed || !withdrawn) throw new Error("the generator wrote no patients");
    await writeFile(join(source, changed.name), changed.text.replace(/"gender":"\w+"/, '"gender":"other"'));
    await land(services, source);
    await withdrawBundles(lake, [withdrawn.name], new Date());

    const result = await refresh(services);

    expect(result).toMatchObject({ updated: 1, gold: "incremental" });
    expect(await rows(lake, "silver.patient")).toBe(4);
    expect(await rows(lake, "gold.encounter_summary")).toBe(await rows(lake, "silver.encounter"));
  });

  test("in full finds what somebody took out of a table by hand, and DICOM studies that came later", async ({
    dir,
    lake,
    services,
  }) => {
    await generateClinical({ patients: 4, seed: 2, visits: 12, outDir: dir });
    await using _pool = await startPool(services, { pools, jobOf: jobOfKind, concurrency: 2 });
    await land(services, join(dir, "fhir"));
    await refresh(services);
    const observations = await rows(lake, "silver.observation");
    await lake.table("silver.observation").delete("true");

    expect(await refresh(services)).toMatchObject({ bundles: 0, commits: 0 });
    expect(await rows(lake, "silver.observation")).toBe(0);
    expect(await refresh(services, { full: true })).toMatchObject({ inserted: observations, commits: 1 });
    expect(await rows(lake, "silver.observation")).toBe(observations);
    expect(await refresh(services, { full: true })).toMatchObject({ commits: 0 });

    for (const name of await readdir(join(dir, "dicom")))
      await lake.storage.put(`bronze/dicom/${name}`, await readFile(join(dir, "dicom", name)));
    expect(await refresh(services)).toMatchObject({ commits: 0 });
    expect((await refresh(services, { full: true })).updated).toBeGreaterThan(0);
  });

  test("merges only the tables in which a changed bundle has other rows", async ({ dir, lake, services }) => {
    const source = join(dir, "one");
    await mkdir(source);
    await using _pool = await startPool(services, { pools, jobOf: jobOfKind, concurrency: 2 });
    const bring = async (content: string) => {
      await writeFile(join(source, "p.json"), content);
      expect((await land(services, source)).error).toBeNull();
      const before = await services.queues.of["silver-merge"].getJobs(["completed"]);
      const result = await refresh(services, { withGold: false });
      const after = await services.queues.of["silver-merge"].getJobs(["completed"]);
      const known = new Set(before.map(({ id }) => id));
      const merges = after.filter(({ id, name }) => name === "silver-merge" && !known.has(id)).length;
      return { ...result, merges };
    };
    const patient = { resourceType: "Patient", id: "p", gender: "female" };
    const visit = { resourceType: "Encounter", id: "e", subject: { reference: "Patient/p" } };
    const problem = { resourceType: "Condition", id: "c", subject: { reference: "Patient/p" } };

    expect(await bring(bundle(patient, visit))).toMatchObject({ inserted: 2, merges: 10 });
    expect(await bring(bundle({ ...patient, photo: "x" }, visit))).toMatchObject({ commits: 0, merges: 0 });
    const other = bundle({ ...patient, gender: "male" }, visit);
    expect(await bring(other)).toMatchObject({ updated: 1, merges: 1 });
    expect(await bring(bundle({ ...patient, gender: "male" }, problem))).toMatchObject({
      inserted: 1,
      deleted: 1,
      merges: 2,
    });
    await lake.table("silver.condition").delete("true");
    expect(await bring(bundle(patient, problem))).toMatchObject({ inserted: 1, updated: 1, merges: 2 });
  });

  test.for([false, true])(
    "that is stopped while it removes its files tells what it did (full: %s)",
    async (full, { dir, lake, services }) => {
      await generateClinical({ patients: 3, seed: 6, visits: 2, outDir: dir });
      await using _pool = await startPool(services, { pools, jobOf: jobOfKind, concurrency: 2 });
      await land(services, join(dir, "fhir"));
      let deletions = 0;
      const remove = lake.storage.delete.bind(lake.storage);
      vi.spyOn(lake.storage, "delete").mockImplementation(async (key) => {
        if (key.startsWith("_staged/") && ++deletions === 4) throw new Error("The disk did not answer");
        await remove(key);
      });
      expect(await refresh(services, { full })).toMatchObject({ bundles: 5, gold: "full" });
      expect(deletions).toBeGreaterThan(4);
      for await (const { key } of lake.storage.list("_staged/")) expect.fail(`${key} was left`);
    },
  );

  test("puts aside what cannot be read and keeps the rest", async ({ dir, lake, services }) => {
    await generateClinical({ patients: 3, seed: 3, visits: 2, outDir: dir, defects: true });
    await using _pool = await startPool(services, { pools, jobOf: jobOfKind, concurrency: 2 });
    await land(services, join(dir, "fhir"));

    const result = await refresh(services);

    expect(result.quarantined).toBeGreaterThan(3);
    expect(await rows(lake, "silver.patient")).toBeGreaterThanOrEqual(3);
  });

  test("keeps a bundle's rows while it cannot be read, and drops what is gone when it can be again", async ({
    dir,
    lake,
    services,
  }) => {
    const source = join(dir, "one");
    await mkdir(source);
    await using _pool = await startPool(services, { pools, jobOf: jobOfKind, concurrency: 2 });
    const bring = async (content: string) => {
      await writeFile(join(source, "p.json"), content);
      expect((await land(services, source)).error).toBeNull();
      return await refresh(services, { withGold: false });
    };
    const patient = { resourceType: "Patient", id: "p" };
    const visit = { resourceType: "Encounter", id: "e", subject: { reference: "Patient/p" } };

    await bring(bundle(patient, visit));
    expect(await bring("{")).toMatchObject({ quarantined: 1, deleted: 0 });
    expect(await rows(lake, "silver.encounter")).toBe(1);
    expect(await bring(bundle(patient))).toMatchObject({ quarantined: 0, deleted: 1 });
    expect(await rows(lake, "silver.encounter")).toBe(0);
  });

  test("says what to do when nothing was landed", async ({ services }) => {
    await using _pool = await startPool(services, { pools, jobOf: jobOfKind });
    const job = await enqueue(services.queues, cohortRefresh, RefreshInput.parse({}));

    const ended = await untilEnded(services.queues, job.id);

    expect(ended.error).toMatch(/millrace land/);
  });
});
