import { enqueue } from "../../../queues/enqueue.ts";
import type { AnyJob } from "../../../workers/define-job.ts";
import { analyzeErrors } from "../../../workers/observer/analyze-errors/job.ts";
import { buildPlaybooks } from "../../../workers/observer/build-playbooks/job.ts";
import { observerAppend } from "../../../workers/observer/observer-append/job.ts";
import type { CliContext } from "../../context.ts";
import { followJob } from "../../follow-job.ts";

const steps: readonly AnyJob[] = [observerAppend, analyzeErrors, buildPlaybooks];

export async function analyzeNow(context: CliContext): Promise<void> {
  await using cluster = await context.openCluster(["observer"]);
  const ended: unknown[] = [];
  for (const step of steps) {
    const { output } = await followJob(context, cluster.queues, () => enqueue(cluster.queues, step, {}));
    ended.push({ kind: step.kind, output });
  }
  context.output.result(
    ended,
    (paint) => `${paint("green", "done")}  millrace observer errors, millrace observer playbooks`,
  );
}
