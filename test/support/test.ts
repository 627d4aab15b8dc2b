import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { test as base, inject } from "vitest";
import type { Lake } from "../../data/lake.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { openQueues, type QueueAddress, type Queues } from "../../queues/queues.ts";
import type { Services } from "../../workers/define-job.ts";

const MIB = 1024 ** 2;

export interface Fixtures {
  address: QueueAddress;
  /** A folder of the test's own; what it holds goes with the test. */
  dir: string;
  lake: Lake;
  /** As a worker process opens them, recording into the lake. */
  queues: Queues;
  services: Services;
}

/** `test` with a queue namespace and a lake of its own: tests run side by side and leave nothing behind. */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads this pattern to learn what the fixture needs.
  address: async ({}, use) => use({ redisUrl: inject("redisUrl"), prefix: randomUUID() }),
  // biome-ignore lint/correctness/noEmptyPattern: as above.
  dir: async ({}, use) => {
    const dir = await mkdtemp(join(tmpdir(), "millrace-test-"));
    await use(dir);
    await rm(dir, { recursive: true, force: true });
  },
  lake: async ({ dir }, use) => {
    await using lake = await openLake({
      storage: openFolder(join(dir, "lake")),
      duckdb: { memoryBytes: 512 * MIB, threads: 2, tempDir: join(dir, "spill") },
    });
    await use(lake);
  },
  queues: async ({ address, lake }, use) => {
    await using queues = openQueues(address, { role: "worker", store: lake.storage });
    await use(queues);
  },
  services: async ({ lake, queues }, use) => use({ lake, queues, log: pino({ level: "silent" }) }),
});
