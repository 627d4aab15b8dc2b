import { cancelJob } from "../../../queues/cancel.ts";
import type { JobView } from "../../../queues/job-view.ts";
import type { Queues } from "../../../queues/queues.ts";
import { retryJob } from "../../../queues/retry.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure } from "../../failure.ts";
import { renderState } from "../../follow/bars.ts";

export function cancelJobs(context: CliContext, ids: readonly string[]): Promise<void> {
  return changeEach(context, ids, cancelJob);
}

export function retryJobs(context: CliContext, ids: readonly string[]): Promise<void> {
  return changeEach(context, ids, retryJob);
}

/** Does what it can, tells of each, and fails when any could not be done. */
async function changeEach(
  context: CliContext,
  ids: readonly string[],
  change: (queues: Queues, id: string) => Promise<JobView>,
): Promise<void> {
  await using cluster = await context.openCluster([]);
  const results: { id: string; job?: JobView; error?: string }[] = [];
  for (const id of ids) {
    try {
      results.push({ id, job: await change(cluster.queues, id) });
    } catch (error) {
      results.push({ id, error: error instanceof Error ? error.message : String(error) });
    }
  }
  context.output.result(results, (paint) =>
    results
      .map(({ id, job, error }) => `${id}  ${job ? renderState(job, paint) : paint("red", error ?? "")}`)
      .join("\n"),
  );
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw new CliFailure(`${failed.length} of ${ids.length} could not be changed.`);
}
