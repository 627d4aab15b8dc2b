import { auditQueues, failedWithoutLetter } from "../../../queues/audit.ts";
import { reconcileIntake } from "../../../queues/reconcile.ts";
import type { JobContext, Services } from "../../define-job.ts";
import { keepDeadLetter } from "../../failures.ts";
import type { Input, Output } from "./job.ts";

export function run(context: JobContext<Input, undefined>): Promise<Output> {
  return reconcileNow(context);
}

/** Also done by a worker process when it starts, before it serves. */
export async function reconcileNow({ queues, log }: Pick<Services, "queues" | "log">): Promise<Output> {
  const failed = await failedWithoutLetter(queues);
  for (const { pool, job } of failed) {
    await keepDeadLetter(queues, pool, job, new Error(job.failedReason ?? "It failed without a reason"));
  }
  const { pending, requeued, settled, unreadable } = await reconcileIntake(queues);
  const audit = await auditQueues(queues);
  if (requeued > 0) log.warn({ requeued }, "Accepted work was missing in Redis and is queued again");
  if (unreadable > 0) {
    log.error(
      { lines: unreadable },
      "Lines of _intake/ are no record of ours; they end in _intake-unreadable/",
    );
  }
  if (audit.releasedParents.length > 0)
    log.warn({ ids: audit.releasedParents }, "Stuck parents were released");
  if (audit.activeWithoutLock.length > 0)
    log.warn({ ids: audit.activeWithoutLock }, "Jobs run without a lock");
  if (audit.overdueDelayed > 0) log.warn({ jobs: audit.overdueDelayed }, "Delayed jobs are overdue");
  return {
    pending,
    requeued,
    settled,
    unreadable,
    lettersWritten: failed.length,
    releasedParents: audit.releasedParents.length,
    activeWithoutLock: audit.activeWithoutLock.length,
    pausedPools: audit.pausedPools.length,
    overdueDelayed: audit.overdueDelayed,
  };
}
