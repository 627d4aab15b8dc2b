import { z } from "zod";
import type { WorkerHeartbeat } from "../queues/heartbeats.ts";
import type { PoolStatus } from "../queues/pool-status.ts";
import { poolNames } from "../queues/pools.ts";

export const Pool = z
  .strictObject({
    pool: z.enum(poolNames),
    paused: z.boolean(),
    counts: z.strictObject({
      waiting: z.int(),
      active: z.int(),
      delayed: z.int(),
      waitingChildren: z.int(),
      completed: z.int().describe("Those that Redis still remembers"),
      failed: z.int().describe("Those that Redis still remembers"),
    }),
    rates: z
      .strictObject({ completed: z.number(), failed: z.number() })
      .describe("Jobs a minute over the last five minutes"),
    oldestWaitingMs: z.number().nullable(),
    perCluster: z.int().describe("The most that run at a time"),
    workers: z.int().describe("Processes that serve the pool and were heard of in the last 15 seconds"),
  })
  .meta({ id: "Pool" });

export function poolReply(status: PoolStatus, workers: readonly WorkerHeartbeat[]): z.infer<typeof Pool> {
  const serving = workers.filter(({ pools }) => pools.includes(status.pool));
  return { ...status, counts: { ...status.counts }, rates: { ...status.rates }, workers: serving.length };
}
