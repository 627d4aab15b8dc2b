import { runNow } from "../../../scheduler/fire.ts";
import type { CliContext } from "../../context.ts";
import { followJob } from "../../follow-job.ts";
import { renderOutcome } from "../jobs/outcome.ts";
import { requireSchedule } from "./named.ts";

export async function runSchedule(
  context: CliContext,
  name: string,
  { detach }: { readonly detach?: boolean },
): Promise<void> {
  const schedule = requireSchedule(name);
  await using cluster = await context.openCluster(detach ? [] : [schedule.job.pool]);
  const ask = () => runNow({ queues: cluster.queues, storage: cluster.storage }, schedule);
  if (detach) {
    const job = await ask();
    context.output.result(job, (paint) => `${paint("green", "queued")} ${job.id}`);
    return;
  }
  const ended = await followJob(context, cluster.queues, ask);
  context.output.result(ended, (paint) => renderOutcome(ended, paint));
}
