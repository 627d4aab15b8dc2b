import type { EnqueuedJob } from "./contract.ts";
import { dropLetter, showDeadLetter } from "./dead-letters.ts";
import { JobNotFoundError, JobStateError } from "./errors.ts";
import { type IntakeRecord, jsonOf } from "./intake-line.ts";
import { forgetFailure } from "./job-fields.ts";
import { jobIdOf, newRequestId, workOf } from "./job-id.ts";
import type { JobView } from "./job-view.ts";
import { findJob, locate } from "./jobs.ts";
import { queueRecords } from "./queue-records.ts";
import type { Queues } from "./queues.ts";
import { reach } from "./reach.ts";

/**
 * Runs a failed job again under its own id, with all its attempts. Its parts that are done stay done; those that
 * failed are made anew, for which the generation is raised.
 */
export async function retryJob(queues: Queues, id: string): Promise<JobView> {
  return reach(queues, async () => {
    const found = await locate(queues, id);
    if (!found) throw new JobNotFoundError(id);
    const { job, pool } = found;
    const state = await queues.of[pool].getJobState(id);
    if (state !== "failed")
      throw new JobStateError(`Job ${id} is ${state}; only a failed job can be retried`);

    if (!job.parentKey) {
      const { attempts = 1, backoff } = job.opts;
      const backoffMs = typeof backoff === "object" ? (backoff.delay ?? 0) : 0;
      const policy = { attempts, backoffMs, at: Date.now() };
      const inputJson = jsonOf(job.data.input);
      await queues.intake?.record([{ id, kind: job.name, pool, inputJson, ...policy }]);
    }
    await job.updateData({ ...job.data, generation: (job.data.generation ?? 0) + 1 });
    await forgetFailure(queues, pool, id);
    // Before the retry: a job that fails again at once writes its next letter under the same name.
    await dropLetter(queues, id);
    await job.retry("failed", { resetAttemptsMade: true, resetAttemptsStarted: true });
    const view = await findJob(queues, id);
    if (!view) throw new JobNotFoundError(id);
    return view;
  });
}

/**
 * Runs work that failed for good again and drops its letter: the job itself while Redis still has it, else a new job
 * with the same input. A crash between the two steps costs a harmless run.
 */
export async function replayDeadLetter(queues: Queues, id: string): Promise<EnqueuedJob> {
  const { kind, pool, input, attemptsAllowed: attempts, backoffMs } = await showDeadLetter(queues, id);
  return reach(queues, async () => {
    if ((await queues.of[pool].getJobState(id)) === "failed") {
      await retryJob(queues, id);
      return { id, kind, pool, added: true };
    }
    const newId = jobIdOf(workOf(id) ?? id, newRequestId());
    const inputJson = jsonOf(input);
    const record: IntakeRecord = { id: newId, kind, pool, inputJson, attempts, backoffMs, at: Date.now() };
    await queues.intake?.record([record]);
    const [enqueued] = await queueRecords(queues, pool, [record]);
    await dropLetter(queues, id);
    return enqueued ?? { id: newId, kind, pool, added: true };
  });
}
