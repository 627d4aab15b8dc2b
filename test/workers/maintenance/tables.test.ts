import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { expect, inject, test } from "vitest";
import { openLake } from "../../../data/open-lake.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { openQueues } from "../../../queues/queues.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { optimizeTables } from "../../../workers/maintenance/optimize-tables/job.ts";
import { vacuumTables } from "../../../workers/maintenance/vacuum-tables/job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";

test("the night's kinds gather small files, and running them again changes nothing", async () => {
  const dir = await mkdtemp(join(tmpdir(), "millrace-night-"));
  {
    const duckdb = { memoryBytes: 2 ** 28, threads: 1, tempDir: join(dir, "temp") };
    await using lake = await openLake({ storage: openFolder(join(dir, "lake")), duckdb });
    const table = lake.table("silver.grain");
    await table.ensure({ columns: [{ name: "grams", type: "long", nullable: false }] });
    for (let part = 0; part < 4; part += 1) await table.append({ sql: `select ${part}::bigint as grams` });

    const address = { redisUrl: inject("redisUrl"), prefix: randomUUID() };
    await using queues = openQueues(address, { role: "worker", store: lake.storage });
    const services = { lake, queues, log: pino({ level: "silent" }) };
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: jobOfKind });
    const outputOf = async (id: string) => (await untilEnded(queues, id)).output;

    const first = await enqueue(queues, optimizeTables, {});
    expect(await outputOf(first.id)).toEqual({ tables: 1, changes: 1 });
    const optimized = await table.snapshot();
    expect(optimized.fileCount).toBe(1);

    const second = await enqueue(queues, optimizeTables, {});
    expect(await outputOf(second.id)).toEqual({ tables: 1, changes: 0 });
    expect((await table.snapshot()).version).toBe(optimized.version);

    // What optimize replaced is younger than the table's retention, so it stays for those who read the past.
    const vacuum = await enqueue(queues, vacuumTables, {});
    expect(await outputOf(vacuum.id)).toEqual({ tables: 1, changes: 0 });
  }
  await rm(dir, { recursive: true });
});
