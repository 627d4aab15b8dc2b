import { Job } from "bullmq";
import { dropRemainsOf } from "./job-fields.ts";
import { CANCELLED } from "./job-view.ts";
import { type PoolName, poolNames, pools } from "./pools.ts";
import type { Queues } from "./queues.ts";
import type { StoredJob } from "./stored-job.ts";

const STUCK_AFTER_MS = 10 * 60_000;
const OVERDUE_AFTER_MS = 60_000;
const LETTERS_WITHIN_MS = 24 * 60 * 60_000;
/** BullMQ's score of a delayed job is its time, shifted to make room for an order within a millisecond. */
const DELAY_SCALE = 0x1000;

/** What no queue mends by itself and an operator should look at. */
export interface Audit {
  /** Parents that waited for parts which had ended or are gone; they were released. */
  readonly releasedParents: string[];
  /** Held by nobody for longer than a lock lasts: no worker of the pool looks for stalled jobs. */
  readonly activeWithoutLock: string[];
  readonly pausedPools: PoolName[];
  /** Delayed jobs whose time has passed: no worker of the pool fetches. */
  readonly overdueDelayed: number;
}

export async function auditQueues(
  queues: Queues,
  { stuckAfterMs = STUCK_AFTER_MS }: { readonly stuckAfterMs?: number } = {},
): Promise<Audit> {
  const audits = await Promise.all(
    poolNames.map(async (pool) => ({
      pool,
      paused: await queues.of[pool].isPaused(),
      released: await releaseStuckParents(queues, pool, stuckAfterMs),
      unlocked: await activeWithoutLock(queues, pool),
      overdue: await queues.redis.zcount(
        queues.of[pool].toKey("delayed"),
        "-inf",
        (Date.now() - OVERDUE_AFTER_MS) * DELAY_SCALE,
      ),
    })),
  );
  return {
    releasedParents: audits.flatMap(({ released }) => released),
    activeWithoutLock: audits.flatMap(({ unlocked }) => unlocked),
    pausedPools: audits.flatMap(({ paused, pool }) => (paused ? [pool] : [])),
    overdueDelayed: audits.reduce((sum, { overdue }) => sum + overdue, 0),
  };
}

/** Jobs that failed for good lately and have no dead letter: their process died, or BullMQ failed them by itself. */
export async function failedWithoutLetter(
  queues: Queues,
): Promise<{ readonly pool: PoolName; readonly job: Job<StoredJob> }[]> {
  const since = Date.now() - LETTERS_WITHIN_MS;
  const found = await Promise.all(
    poolNames.map(async (pool) => {
      const queue = queues.of[pool];
      const ids = await queues.redis.zrangebyscore(queue.toKey("failed"), since, "+inf");
      const marks = await Promise.all(
        ids.map((id) => queues.redis.hmget(queue.toKey(id), "letter", "failedReason")),
      );
      const bare = ids.filter((_, at) => {
        const [letter, reason] = marks[at] ?? [];
        return !letter && !reason?.includes(CANCELLED);
      });
      const jobs = await Promise.all(bare.map((id) => Job.fromId<StoredJob>(queue, id)));
      return jobs.flatMap((job) => (job ? [{ pool, job }] : []));
    }),
  );
  return found.flat();
}

async function activeWithoutLock(queues: Queues, pool: PoolName): Promise<string[]> {
  const queue = queues.of[pool];
  const longAgo = Date.now() - 2 * (pools[pool].lockMs + pools[pool].stalledCheckMs);
  const ids = await queues.redis.lrange(queue.toKey("active"), 0, -1);
  const held = await Promise.all(
    ids.map(async (id) => {
      const [locked, since] = await Promise.all([
        queues.redis.exists(`${queue.toKey(id)}:lock`),
        queues.redis.hget(queue.toKey(id), "processedOn"),
      ]);
      return locked === 1 || Number(since) > longAgo;
    }),
  );
  return ids.filter((_, at) => !held[at]);
}

async function releaseStuckParents(queues: Queues, pool: PoolName, stuckAfterMs: number): Promise<string[]> {
  const waiting = queues.of[pool].toKey("waiting-children");
  const ids = await queues.redis.zrangebyscore(waiting, "-inf", Date.now() - stuckAfterMs);
  const released: string[] = [];
  for (const id of ids) if (await releaseParent(queues, pool, id)) released.push(id);
  return released;
}

/** True when some of the parts it waits for had ended or are gone. The parent then finds them missing or failed. */
async function releaseParent(queues: Queues, pool: PoolName, id: string): Promise<boolean> {
  const parentKey = queues.of[pool].toKey(id);
  let any = false;
  for (const childKey of await queues.redis.smembers(`${parentKey}:dependencies`)) {
    const [childPool, childId] = childKey.split(":").slice(-2) as [PoolName, string];
    const state = await queues.of[childPool].getJobState(childId);
    if (state !== "unknown" && state !== "failed" && state !== "completed") continue;
    if (state === "failed") {
      const reason = await queues.redis.hget(childKey, "failedReason");
      await queues.redis.hset(`${parentKey}:failed`, childKey, reason ?? "failed");
    }
    // BullMQ lets a parent go only from a job that it can see.
    if (state === "unknown") await queues.redis.hset(childKey, "gone", "1");
    await queues.of[childPool].getBackend().removeChildDependency(childId, parentKey);
    await dropRemainsOf(queues, childPool, [childId]);
    any = true;
  }
  return any;
}
