import { JobNotFoundError } from "../../../queues/errors.ts";
import type { JobView } from "../../../queues/job-view.ts";
import { findJob, listChildren, readLog } from "../../../queues/jobs.ts";
import { findWorkerLoss, type WorkerLoss } from "../../../queues/worker-loss.ts";
import { alignColumns } from "../../columns.ts";
import type { CliContext } from "../../context.ts";
import { renderState } from "../../follow/bars.ts";
import { stageOf } from "../../follow/stage-meter.ts";
import type { Paint } from "../../paint.ts";
import { age, duration, ordinal, plural } from "../../quantities.ts";
import { renderProgress, tookOf } from "./list.ts";

const PARTS_SHOWN = 20;

export async function showJob(context: CliContext, id: string): Promise<void> {
  await using cluster = await context.openCluster([]);
  const job = await findJob(cluster.queues, id);
  if (!job) throw new JobNotFoundError(id);
  const [children, log, loss] = await Promise.all([
    listChildren(cluster.queues, id).catch(() => []),
    readLog(cluster.queues, id).catch(() => []),
    findWorkerLoss(cluster.queues, job),
  ]);
  const document = { ...job, workerGone: loss !== undefined, children, log };
  context.output.result(document, (paint) => render({ job, children, log, loss }, paint));
}

interface Shown {
  readonly job: JobView;
  readonly children: readonly JobView[];
  readonly log: readonly string[];
  readonly loss: WorkerLoss | undefined;
}

function render({ job, children, log, loss }: Shown, paint: Paint): string {
  const facts: [string, string][] = [
    ["job", paint("bold", job.id)],
    ["kind", job.kind],
    ["pool", job.pool],
    ["state", renderState(job, paint)],
    ["worker", loss === undefined ? "" : paint("yellow", renderLoss(loss, job))],
    ["asked for", `${job.createdAt}  ${paint("dim", age(Date.parse(job.createdAt)))}`],
    ["started", job.startedAt ?? ""],
    ["ended", job.finishedAt ?? ""],
    ["took", tookOf(job)],
    ["attempts", renderAttempts(job)],
    ["progress", renderProgress(job)],
    ["part of", job.parentId ?? ""],
    ["input", JSON.stringify(job.input)],
    ["output", job.output === null ? "" : JSON.stringify(job.output)],
    ["error", job.error === null ? "" : paint("red", job.error)],
  ];
  const sections = [
    facts
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `${paint("dim", name.padEnd(10))} ${value}`)
      .join("\n"),
  ];
  if (children.length > 0) sections.push(renderParts(job, children, paint));
  if (log.length > 0) sections.push([paint("dim", "log"), ...log.map((line) => `  ${line}`)].join("\n"));
  if (job.state === "failed" && !job.cancelled) {
    sections.push(`${paint("dim", "next:")} millrace dead show ${job.id}, or millrace jobs retry ${job.id}`);
  }
  return sections.join("\n\n");
}

function renderLoss({ withinMs }: WorkerLoss, { pool }: JobView): string {
  return withinMs === null
    ? `it is gone, and nobody serves ${pool}: millrace worker --pool ${pool}`
    : `it is gone; the job is taken up again within ${duration(withinMs)}`;
}

/** A job that runs is in an attempt that is not made yet. */
function renderAttempts({ state, attempts: { made, allowed } }: JobView): string {
  const isIn = state === "active" || state === "waiting-children";
  return `${isIn ? ordinal(made + 1) : made} of ${allowed}`;
}

/** Those that did not succeed first: among a thousand parts they are what one looks for. */
function renderParts(job: JobView, children: readonly JobView[], paint: Paint): string {
  const sorted = children.toSorted(
    (a, b) => Number(a.state === "completed") - Number(b.state === "completed"),
  );
  const rows = sorted
    .slice(0, PARTS_SHOWN)
    .map((part) => [
      stageOf(job.id, part.id),
      part.id,
      renderState(part, paint),
      renderProgress(part),
      tookOf(part),
    ]);
  const columns = [
    { title: "part" },
    { title: "job" },
    { title: "state" },
    { title: "progress" },
    { title: "took", align: "right" },
  ] as const;
  const hidden = children.length - rows.length;
  const more = hidden > 0 ? `\n${paint("dim", `and ${plural(hidden, "more part")}`)}` : "";
  return alignColumns(columns, rows, paint) + more;
}
