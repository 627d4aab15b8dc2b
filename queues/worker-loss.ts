import { listWorkers } from "./heartbeats.ts";
import type { JobView } from "./job-view.ts";
import { pools } from "./pools.ts";
import type { Queues } from "./queues.ts";
import { reach } from "./reach.ts";

export interface WorkerLoss {
  /** When another takes the job at the latest; null while nobody serves its pool. */
  readonly withinMs: number | null;
}

/**
 * Whether the worker of a running job is gone. It renews its lock at half of the lock's time, so a lock with less than a
 * quarter left has missed that; once it has ended, the next check of any worker of the pool gives the job to another.
 */
export async function findWorkerLoss(
  queues: Queues,
  { id, pool, state }: Pick<JobView, "id" | "pool" | "state">,
): Promise<WorkerLoss | undefined> {
  if (state !== "active") return undefined;
  const { lockMs, stalledCheckMs } = pools[pool];
  return reach(queues, async () => {
    const left = await queues.redis.pttl(`${queues.of[pool].toKey(id)}:lock`);
    if (left >= lockMs / 4) return undefined;
    // Between the two looks it may have ended, and its lock with it.
    if ((await queues.of[pool].getJobState(id)) !== "active") return undefined;
    const served = (await listWorkers(queues)).some((worker) => worker.pools.includes(pool));
    return { withinMs: served ? Math.max(0, left) + stalledCheckMs : null };
  });
}
