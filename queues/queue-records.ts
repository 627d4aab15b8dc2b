import { bulkAdd } from "./bulk-add.ts";
import type { EnqueuedJob } from "./contract.ts";
import type { IntakeRecord } from "./intake-line.ts";
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

/**
 * What met the same work is answered with the job that stands in for it, which has begun nothing yet and so will see all
 * that this one would have seen.
 */
async function queuePart(queues: Queues, pool: PoolName, records: readonly IntakeRecord[]) {
  const enqueued = records.map(({ id, kind }): EnqueuedJob => ({ id, kind, pool, added: true }));
  const met = await bulkAdd(queues.of[pool], queues.redis, records);
  const standIns: IntakeRecord[] = [];
  const done: string[] = [];
  for (const [position, standIn, displaced] of met) {
    const record = records[position] as IntakeRecord;
    done.push(standIn ? record.id : displaced);
    if (!standIn) continue;
    enqueued[position] = { id: standIn, kind: record.kind, pool, added: false };
    standIns.push({ ...record, id: standIn, at: Math.max(Date.now(), record.at + 1) });
  }
  // One that stands in may be recorded as ended, by a caller who was told that Redis is away: then all depends on this.
  if (standIns.length > 0) await queues.intake?.record(standIns);
  for (const id of done) queues.intake?.ended(id);
  return enqueued;
}
