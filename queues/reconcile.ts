import type { IntakeRecord } from "./intake-line.ts";
import { compact, readIntake, superseded } from "./intake-log.ts";
import { dropRemainsOf } from "./job-fields.ts";
import { CANCELLED } from "./job-view.ts";
import { poolNames } from "./pools.ts";
import { queueRecords } from "./queue-records.ts";
import type { Queues } from "./queues.ts";

const CHUNK = 500;
/** A producer records first and queues within two seconds; what is younger may be on its way. */
const ON_ITS_WAY_MS = 5_000;

export interface IntakeReport {
  /** Recorded as accepted and not known to have ended. */
  readonly pending: number;
  /** Of those, put back into their queues under the same ids because Redis had lost them. */
  readonly requeued: number;
  /** Of those, found to have ended. */
  readonly settled: number;
  /** Lines of the record that nobody can read. */
  readonly unreadable: number;
  readonly compacted: boolean;
}

/**
 * Holds the record of accepted work against Redis, and queues again what Redis has lost. Two processes may do this at
 * once: a job is queued under its own id, so the second finds it there.
 */
export async function reconcileIntake(
  queues: Queues,
  { onItsWayMs = ON_ITS_WAY_MS }: { readonly onItsWayMs?: number } = {},
): Promise<IntakeReport> {
  const { store, intake } = queues;
  if (!store || !intake) return { pending: 0, requeued: 0, settled: 0, unreadable: 0, compacted: false };
  const log = await readIntake(store);
  const left = new Map(log.pending);
  let settled = 0;
  const settle = (id: string, at: number) => {
    settled += 1;
    left.delete(id);
    intake.ended(id, at);
  };

  // What is recorded of them from now on, because they stand in for others, is not settled by this.
  for (const { id, at } of superseded(left)) settle(id, at);
  const lost: IntakeRecord[] = [];
  const records = [...left.values()];
  for (let from = 0; from < records.length; from += CHUNK) {
    const chunk = records.slice(from, from + CHUNK);
    const fates = await fatesOf(queues, chunk);
    for (const [at, record] of chunk.entries()) {
      if (fates[at] === "ended") settle(record.id, Math.max(Date.now(), record.at));
      if (fates[at] === "lost" && Date.now() - record.at >= onItsWayMs) lost.push(record);
    }
  }
  await queueLost(queues, lost);
  await intake.flush();
  const compacted = await compact(store, log, [...left.values()]);
  const unreadable = log.unreadable.length;
  return { pending: log.pending.size, requeued: lost.length, settled, unreadable, compacted };
}

type Fate = "lost" | "there" | "ended";

async function fatesOf(queues: Queues, records: readonly IntakeRecord[]): Promise<Fate[]> {
  const pipeline = queues.redis.pipeline();
  for (const { id, pool } of records) {
    pipeline.hmget(queues.of[pool].toKey(id), "name", "finishedOn", "returnvalue", "letter", "failedReason");
  }
  const answers = (await pipeline.exec()) ?? [];
  return records.map((_, at) => {
    const [error, fields] = answers[at] ?? [];
    if (error) throw error;
    return fateOf((fields ?? []) as (string | null)[]);
  });
}

function fateOf([name, finishedOn, output, letter, reason]: readonly (string | null)[]): Fate {
  if (!name) return "lost";
  if (!finishedOn) return "there";
  // One that failed is done with when its letter is written; until then its record is kept.
  const over = output !== null || letter !== null || reason?.includes(CANCELLED);
  return over ? "ended" : "there";
}

async function queueLost(queues: Queues, lost: readonly IntakeRecord[]): Promise<void> {
  for (const pool of poolNames) {
    const records = lost.filter((record) => record.pool === pool);
    for (let from = 0; from < records.length; from += CHUNK) {
      const chunk = records.slice(from, from + CHUNK);
      await dropRemainsOf(
        queues,
        pool,
        chunk.map(({ id }) => id),
      );
      await queueRecords(queues, pool, chunk);
    }
  }
}
