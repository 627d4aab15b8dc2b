import { z } from "zod";
import { JobNotFoundError, JobStateError } from "./errors.ts";
import { setReasonToFail } from "./job-fields.ts";
import { workOf } from "./job-id.ts";
import { CANCELLED, type JobView, viewOf } from "./job-view.ts";
import { childIds, keptView, locate } from "./jobs.ts";
import type { Queues } from "./queues.ts";
import { reach } from "./reach.ts";

/** The channel on which running jobs of a cluster are told to stop. */
export function cancelChannel(prefix: string): string {
  return `${prefix}:cancel`;
}

export const CancelMessage = z.array(z.string());

/**
 * Cancels a job and its parts. Where BullMQ keeps the reason a job must fail for without running (`defa`), we write ours:
 * whoever takes the job next fails it with that, whatever becomes of the message to those that run.
 */
export async function cancelJob(queues: Queues, id: string): Promise<JobView> {
  return reach(queues, async () => {
    const kept = await cancelKept(queues, id);
    if (kept) return kept;
    const found = await locate(queues, id);
    if (!found) throw new JobNotFoundError(id);
    const state = await queues.of[found.pool].getJobState(id);
    if (state === "completed" || state === "failed") {
      throw new JobStateError(`Job ${id} has ${state}; there is nothing left to cancel`);
    }
    await cancelTree(queues, id);
    const after = await locate(queues, id);
    if (!after) throw new JobNotFoundError(id);
    return viewOf(after.job, after.pool, await queues.of[after.pool].getJobState(id));
  });
}

/** The parts of a job that ended before they did. */
export async function cancelChildren(queues: Queues, id: string): Promise<void> {
  const found = await locate(queues, id);
  if (!found) return;
  const pending = await queues.redis.smembers(`${queues.of[found.pool].toKey(id)}:dependencies`);
  await Promise.all(pending.map((key) => cancelTree(queues, key.slice(key.lastIndexOf(":") + 1))));
}

const dropKept = `if redis.call("HGET", KEYS[1], "jid") ~= ARGV[1] then return 0 end return redis.call("DEL", KEYS[1])`;

/** A request that is kept until a run of the same work ends is no job yet, and leaves nothing. */
async function cancelKept(queues: Queues, id: string): Promise<JobView | undefined> {
  const kept = await keptView(queues, id);
  if (!kept) return undefined;
  const key = queues.of[kept.pool].toKey(`dn:${workOf(id)}`);
  // It may have become a job since.
  if ((await queues.redis.eval(dropKept, 1, key, id)) !== 1) return undefined;
  queues.intake?.ended(id);
  await queues.intake?.flush();
  return { ...kept, state: "failed", cancelled: true, error: CANCELLED };
}

async function cancelTree(queues: Queues, id: string): Promise<void> {
  const found = await locate(queues, id);
  if (!found) return;
  const { job, pool } = found;
  const queue = queues.of[pool];
  const state = await queue.getJobState(id);
  if (state === "completed" || state === "failed") return;

  await setReasonToFail(queues, pool, id, CANCELLED);
  // The same work asked for from now on is a new job, and must not be dropped in favour of one that never runs.
  await job.removeDeduplicationKey();
  await queues.redis.publish(cancelChannel(queues.address.prefix), JSON.stringify([id]));
  if (state === "delayed") await job.promote().catch(() => undefined);
  for (const child of await childIds(queues, pool, id)) await cancelTree(queues, child);
}
