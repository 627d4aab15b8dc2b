import type { JobState, JobView } from "../../../queues/job-view.ts";
import { listJobs as list } from "../../../queues/jobs.ts";
import type { PoolName } from "../../../queues/pools.ts";
import type { CliContext } from "../../context.ts";
import { amountOf } from "../../follow/amount.ts";
import { renderState } from "../../follow/bars.ts";
import type { Paint } from "../../paint.ts";
import { age, duration, plural } from "../../quantities.ts";

export interface ListOptions {
  readonly pool?: PoolName;
  readonly state?: JobState;
  readonly limit: number;
}

const columns = [
  { title: "job" },
  { title: "pool" },
  { title: "state" },
  { title: "progress" },
  { title: "took", align: "right" },
  { title: "asked for", align: "right" },
] as const;

export async function listJobs(context: CliContext, options: ListOptions): Promise<void> {
  await using cluster = await context.openCluster([]);
  const page = await list(cluster.queues, options);
  context.output.table(
    page,
    columns,
    (paint) => page.jobs.map((job) => cellsOf(job, paint)),
    emptyOf(options),
  );
  const hidden = page.total - page.jobs.length;
  if (hidden > 0) context.output.say(`${plural(hidden, "more job")}; --limit shows more.`);
}

/** That none is running is no reason to ask for one. */
function emptyOf({ pool, state }: ListOptions): string {
  const where = pool === undefined ? "" : ` in ${pool}`;
  if (state !== undefined) return `No job${where} is ${state}. All of them: millrace jobs ls`;
  return `No jobs${where}. Ask for one: millrace jobs run reconcile`;
}

export function cellsOf(job: JobView, paint: Paint): string[] {
  return [
    job.id,
    job.pool,
    renderState(job, paint),
    renderProgress(job),
    tookOf(job),
    age(Date.parse(job.createdAt)),
  ];
}

export function renderProgress({ progress, state }: Pick<JobView, "progress" | "state">): string {
  if (!progress || state === "completed" || state === "failed") return "";
  return `${progress.stage} ${amountOf(progress)}`;
}

export function tookOf({ startedAt, finishedAt, state }: JobView): string {
  if (startedAt === null) return "";
  if (finishedAt === null && state !== "active") return "";
  return duration(Date.parse(finishedAt ?? new Date().toISOString()) - Date.parse(startedAt));
}
