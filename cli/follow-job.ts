import { setTimeout as pause } from "node:timers/promises";
import { cancelJob } from "../queues/cancel.ts";
import type { EnqueuedJob, JobContract } from "../queues/contract.ts";
import { enqueue } from "../queues/enqueue.ts";
import type { JobView } from "../queues/job-view.ts";
import { listChildren } from "../queues/jobs.ts";
import type { Queues } from "../queues/queues.ts";
import { watchJob } from "../queues/watch.ts";
import type { CliContext } from "./context.ts";
import { CliFailure, exitCodes } from "./failure.ts";
import { barView } from "./follow/bars.ts";
import { lineView, silentView } from "./follow/lines.ts";
import { StageMeters } from "./follow/stage-meter.ts";
import type { WatchView } from "./follow/watch-view.ts";

const CHILDREN_EVERY_MS = 400;

/** A contract whose job's output is known to be an `Output`, as every `job.ts` is. */
export interface ContractOf<Input, Output> extends JobContract<Input> {
  load(): Promise<{ run(context: never): Promise<Output> }>;
}

/**
 * Asks for the work and shows its bars until it has ended, on a cluster of its own where there is none. Resolves to the
 * job's output; fails with the job's error and what to do about it.
 */
export async function runJob<Input, Output>(
  context: CliContext,
  contract: ContractOf<Input, Output>,
  input: Input,
): Promise<Output> {
  await using cluster = await context.openCluster([contract.pool]);
  const ended = await followJob(context, cluster.queues, () => enqueue(cluster.queues, contract, input));
  // The worker made it with this very contract; what lies between is JSON.
  return ended.output as Output;
}

type Asked = Pick<EnqueuedJob, "id" | "added">;

/** Shows a job, or the one that `job` asks for, until it has ended well; any other end is a failure. */
export async function followJob(
  context: CliContext,
  queues: Queues,
  job: Asked | (() => Promise<Asked>),
  { onInterrupt = "cancel" }: { onInterrupt?: "cancel" | "leave" } = {},
): Promise<JobView> {
  const { output } = context;
  const view = output.json ? silentView : output.live ? barView(output) : lineView(output);
  const leaving = new AbortController();
  const asking = typeof job === "function" ? job() : Promise.resolve(job);
  // From before the job can run: whoever interrupts a job must not leave it running by being early.
  using _interrupts = listenForInterrupts({ queues, asking, view, onInterrupt, leaving });
  try {
    const { id, added } = await asking;
    if (!added) view.say("The same work was asked for before; this is that job.");
    const last = await watchToEnd(queues, id, view, leaving.signal);
    if (leaving.signal.aborted || !last) throw leftBehind(id, last, added);
    return requireSuccess(last);
  } finally {
    view.end();
  }
}

async function watchToEnd(
  queues: Queues,
  id: string,
  view: WatchView,
  signal: AbortSignal,
): Promise<JobView | undefined> {
  const meters = new StageMeters();
  const watching = new AbortController();
  let last: JobView | undefined;
  const redraw = () => {
    if (last) view.show(last, meters.meters());
  };
  const children = followChildren(queues, id, watching.signal, (parts) => {
    meters.observeChildren(id, parts);
    redraw();
  });
  for await (const job of watchJob(queues, id, signal)) {
    last = job;
    meters.observe(job);
    redraw();
  }
  watching.abort();
  await children;
  redraw();
  return last;
}

/** Looks at the parts now and then, and a last time when the job has ended; a job without parts costs one look each time. */
async function followChildren(
  queues: Queues,
  id: string,
  signal: AbortSignal,
  onParts: (parts: readonly JobView[]) => void,
): Promise<void> {
  for (let more = true; more; ) {
    more = !signal.aborted;
    const startedAt = Date.now();
    const parts = await listChildren(queues, id).catch(() => []);
    if (parts.length > 0) onParts(parts);
    // Thousands of parts take a while to read: never spend more than a fifth of the time on it.
    const pauseMs = Math.max(CHILDREN_EVERY_MS, 4 * (Date.now() - startedAt));
    if (more) await pause(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

function requireSuccess(job: JobView): JobView {
  if (job.state === "completed") return job;
  if (job.cancelled) {
    throw new CliFailure(`${job.kind} was cancelled.`, {
      next: `millrace jobs retry ${job.id}`,
      exitCode: exitCodes.interrupted,
    });
  }
  throw new CliFailure(`${job.kind} failed: ${job.error ?? "no reason is known"}`, {
    next: `millrace dead show ${job.id}   (then: millrace dead replay ${job.id})`,
  });
}

function leftBehind(id: string, job: JobView | undefined, added: boolean): CliFailure {
  const why = added ? "" : ", for it was asked for before";
  return new CliFailure(
    `${job?.kind ?? "The job"} was left ${job?.cancelled ? "to end" : "as it is"}${why}.`,
    {
      next: `millrace jobs watch ${id}`,
      exitCode: exitCodes.interrupted,
    },
  );
}

/**
 * The first Ctrl-C cancels the job and waits for its end, the second leaves it to itself. A job that was asked for
 * before is somebody else's, who still waits for it: the first one leaves it.
 */
function listenForInterrupts(options: {
  readonly queues: Queues;
  readonly asking: Promise<Asked>;
  readonly view: WatchView;
  readonly onInterrupt: "cancel" | "leave";
  readonly leaving: AbortController;
}): Disposable {
  const { queues, asking, view, onInterrupt, leaving } = options;
  let asked = 0;
  const cancel = async () => {
    try {
      const { id, added } = await asking;
      if (!added) return leaving.abort();
      view.say("Cancelling; Ctrl-C again leaves it to itself.");
      await cancelJob(queues, id);
    } catch (error) {
      view.say(`It could not be cancelled: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const onSignal = () => {
    asked += 1;
    if (asked > 1 || onInterrupt === "leave") return leaving.abort();
    void cancel();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    [Symbol.dispose]() {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
