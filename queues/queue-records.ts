import { bulkAdd } from "./bulk-add.ts";
import type { EnqueuedJob } from "./contract.ts";
import type { IntakeRecord } from "./intake-line.ts";
import { workOf } from "./job-id.ts";
import type { PoolName } from "./pools.ts";
import type { Queues } from "./queues.ts";

/** Redis begins with the first hundred while the next are still being encoded. */
const AT_ONCE = 100;
const UNDER_WAY = 1_000;

/** Queues what the intake already holds, under the ids it has there: done twice it is done once. */
export async function queueRecords(
  queues: Queues,
  pool: PoolName,
  records: readonly IntakeRecord[],
): Promise<EnqueuedJob[]> {
  const enqueued: EnqueuedJob[] = [];
  for (let from = 0; from < records.length; from += UNDER_WAY) {
    enqueued.push(...(await queueParts(queues, pool, records.slice(from, from + UNDER_WAY))));
  }
  return enqueued;
}

async function queueParts(queues: Queues, pool: PoolName, records: readonly IntakeRecord[]) {
  const parts: Promise<EnqueuedJob[]>[] = [];
  for (let from = 0; from < records.length; from += AT_ONCE) {
    parts.push(queuePart(queues, pool, records.slice(from, from + AT_ONCE)));
  }
  // Nobody may hear of a failure while a part is still on its way.
  await Promise.allSettled(parts);
  return (await Promise.all(parts)).flat();
}

async function queuePart(queues: Queues, pool: PoolName, records: readonly IntakeRecord[]) {
  const enqueued = records.map(({ id, kind }): EnqueuedJob => ({ id, kind, pool, added: true }));
  const known = await bulkAdd(queues.of[pool], queues.redis, records);
  await Promise.all(
    known.map(async ([position, queuedAs]) => {
      const { id, kind } = records[position] as IntakeRecord;
      enqueued[position] = await answerForKnown(queues, { id, kind, pool }, queuedAs);
    }),
  );
  return enqueued;
}

/**
 * BullMQ names another job when the same work waits or runs. If it runs, ours is kept to follow it; if it waits, ours is
 * dropped, for what waits will see all that ours would have seen.
 */
async function answerForKnown(
  queues: Queues,
  { id, kind, pool }: Omit<EnqueuedJob, "added">,
  queuedAs: string,
): Promise<EnqueuedJob> {
  const kept = await queues.redis.hget(queues.of[pool].toKey(`dn:${workOf(id)}`), "jid");
  if (kept === id) return { id, kind, pool, added: true };
  queues.intake?.ended(id);
  return { id: queuedAs, kind, pool, added: false };
}
