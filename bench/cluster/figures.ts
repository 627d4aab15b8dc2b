import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { poolNames } from "../../queues/pools.ts";
import type { Measurement } from "../harness/measurement.ts";
import { measureIdleMemory } from "./memory.ts";
import { measureOverhead } from "./overhead.ts";
import { measureRecovery } from "./recovery.ts";

export const figures: readonly Measurement[] = [
  {
    name: "overhead",
    size: "2,500 jobs, 6 rounds",
    runs: 1,
    warmUp: false,
    figures: {
      one: { name: "a job ÷ a job of bare BullMQ, one at a time", unit: "ratio", goal: { atMost: 1.3 } },
      many: { name: "a job ÷ a job of bare BullMQ, 32 at a time", unit: "ratio", goal: { atMost: 1.3 } },
      perS: { name: "jobs of one process, 32 at a time", unit: "per s", goal: "trend" },
    },
    async run({ scale, redisUrl }) {
      const url = await redisUrl();
      const jobs = Math.max(500, Math.round(2_500 * scale));
      const one = await measureOverhead(url, { jobs, concurrency: 1 });
      const many = await measureOverhead(url, { jobs, concurrency: 32 });
      return { one: one.ratio, many: many.ratio, perS: many.ourJobsPerS };
    },
  },
  {
    name: "recovery",
    size: "one killed worker",
    runs: 1,
    warmUp: false,
    figures: {
      light: { name: "recovery in a light pool", unit: "ms", goal: { atMost: 15_000 } },
      heavy: { name: "recovery in a heavy pool", unit: "ms", goal: { atMost: 45_000 } },
    },
    async run({ redisUrl }) {
      const url = await redisUrl();
      const [light, heavy] = await Promise.all([
        measureRecovery(url, "light"),
        measureRecovery(url, "heavy"),
      ]);
      return { light: light.recoveryMs, heavy: heavy.recoveryMs };
    },
  },
  {
    name: "idle memory",
    size: "one worker process",
    runs: 1,
    warmUp: false,
    figures: {
      all: { name: "a worker of all pools with nothing to do", unit: "MiB", goal: { atMost: 120 } },
    },
    async run({ redisUrl }) {
      const dir = await mkdtemp(join(tmpdir(), "bench-idle-"));
      try {
        const address = { redisUrl: await redisUrl(), prefix: `bench-${randomUUID()}` };
        return { all: (await measureIdleMemory(address, dir, poolNames.join(","))).rssMb };
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
  },
];
