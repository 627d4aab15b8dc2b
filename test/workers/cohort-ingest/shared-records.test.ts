import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { z } from "zod";
import { type Random, randomOf } from "../../../data/clinical/generator/random.ts";
import { withdrawBundles } from "../../../data/clinical/landing.ts";
import type { Lake } from "../../../data/lake.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { cohortLand, Input as LandInput } from "../../../workers/cohort-ingest/cohort-land/job.ts";
import { cohortRefresh, Input as RefreshInput } from "../../../workers/cohort-ingest/cohort-refresh/job.ts";
import type { Services } from "../../../workers/define-job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { test } from "../../support/test.ts";

const pools = ["cohort-ingest", "silver-merge", "gold-build"] as const;

/** By id, what each bundle says of its patients. */
type Says = Readonly<Record<string, string>>;
type Bronze = Map<string, Says>;
interface Patient {
  readonly id: string;
  readonly city: string;
  readonly source: string;
}

const bundleOf = (says: Says) =>
  JSON.stringify({
    resourceType: "Bundle",
    entry: Object.entries(says).map(([id, city]) => ({
      resource: { resourceType: "Patient", id, address: [{ city }] },
    })),
  });

async function bring(services: Services, source: string, changed: Bronze): Promise<void> {
  await rm(source, { recursive: true, force: true });
  await mkdir(source, { recursive: true });
  for (const [name, says] of changed) await writeFile(join(source, name), bundleOf(says));
  const land = LandInput.parse({ source, settleMs: 0, labels: ["A"] });
  const { id } = await enqueue(services.queues, cohortLand, land);
  expect((await untilEnded(services.queues, id)).error).toBeNull();
}

async function refresh(services: Services, full = false): Promise<Record<string, unknown>> {
  const { id } = await enqueue(services.queues, cohortRefresh, RefreshInput.parse({ full }));
  const { error, output } = await untilEnded(services.queues, id);
  expect(error).toBeNull();
  return output as Record<string, unknown>;
}

async function patients(lake: Lake): Promise<Patient[]> {
  const rows = await (await lake.table("silver.patient").snapshot()).readSql();
  return await (await lake.duckdb()).query(
    z.object({ id: z.string(), city: z.string(), source: z.string() }),
    `select patient_id as id, city, source_file as source from (${rows}) order by patient_id`,
  );
}

/** Of all records of an id that of the last bundle. */
function lastOf(bronze: Bronze): Patient[] {
  const last = new Map<string, Patient>();
  for (const [source, says] of [...bronze].sort(([a], [b]) => (a < b ? -1 : 1)))
    for (const [id, city] of Object.entries(says)) last.set(id, { id, city, source });
  return [...last.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

const draw = (random: Random): Says =>
  Object.fromEntries(
    Array.from({ length: random.whole(1, 3) }, () => [
      `p${random.whole(0, 5)}`,
      random.pick(["Rome", "Oslo"]),
    ]),
  );

test.for([1, 2, 3])(
  "the last record of an id wins whichever of its bundles changed (seed %i)",
  { timeout: 240_000 },
  async (seed, { dir, lake, services }) => {
    const random = randomOf(seed, 0);
    const source = join(dir, "source");
    await using _pool = await startPool(services, { pools, jobOf: jobOfKind, concurrency: 2 });
    const bronze: Bronze = new Map(Array.from({ length: 5 }, (_, i) => [`b${i}.json`, draw(random)]));
    await bring(services, source, bronze);
    await refresh(services);
    expect(await patients(lake)).toEqual(lastOf(bronze));

    for (let round = 0; round < 5; round++) {
      const name = `b${random.whole(0, 5)}.json`;
      if (bronze.has(name) && random.chance(0.3)) {
        bronze.delete(name);
        await withdrawBundles(lake, [name], new Date());
      } else {
        bronze.set(name, draw(random));
        await bring(services, source, new Map([[name, bronze.get(name) ?? {}]]));
      }
      await refresh(services);
      expect(await patients(lake), `round ${round}`).toEqual(lastOf(bronze));
    }
    expect(await refresh(services, true)).toMatchObject({ commits: 0 });
    expect(await patients(lake)).toEqual(lastOf(bronze));
  },
);

test("a bundle that shares nothing is read alone, and one that does is not", async ({
  dir,
  lake,
  services,
}) => {
  const source = join(dir, "source");
  await using _pool = await startPool(services, { pools, jobOf: jobOfKind, concurrency: 2 });
  const first: Bronze = new Map([
    ["a.json", { p: "Rome", own: "Rome" }],
    ["b.json", { p: "Oslo" }],
    ["c.json", { alone: "Oslo" }],
  ]);
  await bring(services, source, first);
  await refresh(services);

  await bring(services, source, new Map([["c.json", { alone: "Rome" }]]));
  expect(await refresh(services)).toMatchObject({ bundles: 1, updated: 1 });
  await bring(services, source, new Map([["a.json", { p: "Bonn", own: "Bonn" }]]));
  expect(await refresh(services)).toMatchObject({ bundles: 2, updated: 1 });
  // Found only when it was read: nothing was known that a and c share.
  await bring(services, source, new Map([["a.json", { p: "Bonn", own: "Bonn", alone: "Bonn" }]]));
  expect(await refresh(services)).toMatchObject({ bundles: 3, commits: 0 });
  await withdrawBundles(lake, ["c.json"], new Date());
  expect(await refresh(services)).toMatchObject({ bundles: 2, updated: 1, deleted: 0 });

  expect(await patients(lake)).toEqual([
    { id: "alone", city: "Bonn", source: "a.json" },
    { id: "own", city: "Bonn", source: "a.json" },
    { id: "p", city: "Oslo", source: "b.json" },
  ]);
});

test("a merge of the changed bundle alone would let it win", async ({ dir, lake, services }) => {
  const source = join(dir, "source");
  await using _pool = await startPool(services, { pools, jobOf: jobOfKind, concurrency: 2 });
  const bronze: Bronze = new Map([
    ["a.json", { p: "Rome" }],
    ["b.json", { p: "Oslo" }],
  ]);
  await bring(services, source, bronze);
  await refresh(services);
  await lake.table("bronze.shared_bundle").delete("true");
  await lake.table("silver.patient").delete("true");
  await bring(services, source, new Map([["a.json", { p: "Bonn" }]]));

  await refresh(services);

  expect(await patients(lake)).toEqual([{ id: "p", city: "Bonn", source: "a.json" }]);
});
