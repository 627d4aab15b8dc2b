import { JobNotFoundError } from "../../../queues/errors.ts";
import { findJob } from "../../../queues/jobs.ts";
import type { CliContext } from "../../context.ts";
import { followJob } from "../../follow-job.ts";
import { renderOutcome } from "./outcome.ts";

export async function watchJob(context: CliContext, id: string): Promise<void> {
  await using cluster = await context.openCluster([]);
  if (!(await findJob(cluster.queues, id))) throw new JobNotFoundError(id);
  const job = await followJob(context, cluster.queues, { id, added: true }, { onInterrupt: "leave" });
  context.output.result(job, (paint) => renderOutcome(job, paint));
}
