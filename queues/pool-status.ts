import type { PoolName } from "./pools.ts";
import { poolNames, pools } from "./pools.ts";
import type { Queues } from "./queues.ts";
import { reach } from "./reach.ts";

export interface PoolStatus {
  readonly pool: PoolName;
  readonly paused: boolean;
  readonly counts: {
    readonly waiting: number;
    readonly active: number;
    readonly delayed: number;
    readonly waitingChildren: number;
    readonly completed: number;
    readonly failed: number;
  };
  /** Jobs a minute over the last five whole minutes. */
  readonly rates: { readonly completed: number; readonly failed: number };
  /** How long the oldest waiting job has waited; null when none waits. */
  readonly oldestWaitingMs: number | null;
  readonly perCluster: number;
}

export async function poolStatus(queues: Queues, pool: PoolName): Promise<PoolStatus> {
  return reach(queues, () => statusOf(queues, pool));
}

export async function allPoolStatus(queues: Queues): Promise<PoolStatus[]> {
  return reach(queues, () => Promise.all(poolNames.map((pool) => statusOf(queues, pool))));
}

/** No process takes another job of the pool; what runs goes on. */
export async function pausePool(queues: Queues, pool: PoolName): Promise<void> {
  await reach(queues, () => queues.of[pool].pause());
}

export async function resumePool(queues: Queues, pool: PoolName): Promise<void> {
  await reach(queues, () => queues.of[pool].resume());
}

async function statusOf(queues: Queues, pool: PoolName): Promise<PoolStatus> {
  const queue = queues.of[pool];
  const [counts, paused, completed, failed, oldestWaitingMs] = await Promise.all([
    queue.getJobCounts(
      "waiting",
      "prioritized",
      "active",
      "delayed",
      "waiting-children",
      "completed",
      "failed",
    ),
    queue.isPaused(),
    queue.getMetrics("completed", 0, RATE_MINUTES - 1),
    queue.getMetrics("failed", 0, RATE_MINUTES - 1),
    waitOf(queues, pool),
  ]);
  return {
    pool,
    paused,
    counts: {
      waiting: (counts.waiting ?? 0) + (counts.prioritized ?? 0),
      active: counts.active ?? 0,
      delayed: counts.delayed ?? 0,
      waitingChildren: counts["waiting-children"] ?? 0,
      completed: counts.completed ?? 0,
      failed: counts.failed ?? 0,
    },
    rates: { completed: mean(completed.data), failed: mean(failed.data) },
    oldestWaitingMs,
    perCluster: pools[pool].perCluster,
  };
}

const RATE_MINUTES = 5;

/** Jobs enter the list at its left and leave it at its right. */
async function waitOf(queues: Queues, pool: PoolName): Promise<number | null> {
  const queue = queues.of[pool];
  const oldest = await queues.redis.lindex(queue.toKey("wait"), -1);
  if (oldest === null) return null;
  const since = await queues.redis.hget(queue.toKey(oldest), "timestamp");
  return since === null ? null : Math.max(0, Date.now() - Number(since));
}

function mean(perMinute: readonly number[]): number {
  return perMinute.length === 0 ? 0 : perMinute.reduce((sum, n) => sum + n, 0) / RATE_MINUTES;
}
