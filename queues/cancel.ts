import { z } from "zod";
import { JobNotFoundError, JobStateError } from "./errors.ts";
import { setReasonToFail } from "./job-fields.ts";
import { CANCELLED, type JobView, viewOf } from "./job-view.ts";
import { childIds, locate } from "./jobs.ts";
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
