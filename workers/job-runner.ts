import { setTimeout as pause } from "node:timers/promises";
import {
  type Job as BullJob,
  DelayedError,
  UnrecoverableError,
  WaitingChildrenError,
  WaitingError,
} from "bullmq";
import { crashPoint } from "../data/crash-point.ts";
import { DataError, firstError } from "../data/errors.ts";
import { cancelChildren } from "../queues/cancel.ts";
import { countMisfit, uncountStart } from "../queues/job-fields.ts";
import { CANCELLED } from "../queues/job-view.ts";
import type { PoolName } from "../queues/pools.ts";
import { retention } from "../queues/retention.ts";
import type { StoredJob } from "../queues/stored-job.ts";
import type { AnyJob, Services } from "./define-job.ts";
import { asError, isBeyondRetry, isRedisFull, keepDeadLetter, noRoomOf } from "./failures.ts";
import { takeHold } from "./hold.ts";
import { type OpenContext, openContext } from "./job-context.ts";
import { takeLease } from "./lease.ts";
import { type RunState, StoppedError, type StopReason } from "./run-state.ts";
import type { RunningJobs } from "./running-jobs.ts";
import { keepApart } from "./suspect.ts";
import { UnknownKindError, unknownKindRules } from "./unknown-kind.ts";

const LEASE_WITHIN_MS = 5_000;
const ASIDE_MS = 1_000;
/** How often a job that must wait for room in Redis tries to say so, before its lock has run out anyway. */
const TRIES_TO_WAIT = 30;
const PAUSE_OF_TRIES_MS = 1_000;
/** How long a stopped run may take to end by itself before the job goes on without it. */
const graceMs: Record<StopReason, number> = {
  shutdown: 400,
  cancelled: 5_000,
  timeout: 5_000,
  "lock-lost": 5_000,
};

export interface RunnerOptions extends Services {
  readonly pool: PoolName;
  readonly running: RunningJobs;
  readonly jobOf: (kind: string) => AnyJob;
  /** How long a job of an unknown kind waits for a worker that knows it. */
  readonly unknownKindPauseMs?: number | undefined;
  /** How long a job that is suspected of killing its process is kept apart at most. */
  readonly longestApartMs: number;
  readonly stopping: () => boolean;
  /** The disk of this machine or Redis is full: take no job for a while. */
  readonly rest: (forMs: number) => void;
}

/** BullMQ's processor: runs one job and says in BullMQ's terms how it left. */
export function jobRunner(options: RunnerOptions) {
  const { lake, queues, log, modelServer } = options;
  const services: Services = { lake, queues, log, modelServer };
  return async function runJob(bull: BullJob<StoredJob>, token = ""): Promise<unknown> {
    const run = options.running.start(bull.id ?? "", options.pool);
    if (options.stopping()) run.stop("shutdown");
    let open: OpenContext | undefined;
    try {
      run.throwIfStopped();
      await keepApart(options, bull, token, run);
      const job = options.jobOf(bull.name);
      open = openContext(bull, token, job, services, run);
      const output = await runOpened(options, job, open, run);
      await open.flush();
      crashPoint("before-ack");
      return checkOutput(job, output);
    } catch (error) {
      return await leave(options, { bull, token, run, open, error: firstError(error) });
    } finally {
      options.running.end(run);
    }
  };
}

async function runOpened({ queues }: RunnerOptions, job: AnyJob, { context }: OpenContext, run: RunState) {
  const resource = job.exclusive?.(context.input);
  const lease = resource === undefined ? undefined : await leaseOn(queues, job, resource, run);
  const timer = setTimeout(() => run.stop("timeout"), job.timeoutMs).unref();
  try {
    const { run: work } = await job.load();
    run.throwIfStopped();
    return await endedOrGivenUp(work(context), run);
  } finally {
    clearTimeout(timer);
    await lease?.[Symbol.asyncDispose]();
  }
}

class ResourceBusyError extends Error {}

async function leaseOn(queues: Services["queues"], job: AnyJob, exclusive: string, run: RunState) {
  const { kind, pool, isExclusiveUntilEnded } = job;
  const resource = `${kind}/${exclusive}`;
  if (isExclusiveUntilEnded && !(await takeHold(queues, resource, { pool, id: run.id })))
    throw new ResourceBusyError();
  const lease = await takeLease(queues, resource, LEASE_WITHIN_MS, run.signal);
  if (!lease) throw new ResourceBusyError();
  return lease;
}

/** Settles with the work, or a little after it was told to stop: work that ignores its signal is left behind. */
function endedOrGivenUp<T>(work: Promise<T>, run: RunState): Promise<T> {
  return new Promise((resolve, reject) => {
    run.onStop = (error) => setTimeout(() => reject(error), graceMs[error.reason]);
    work.then(resolve, reject);
  });
}

function checkOutput({ kind }: AnyJob, output: unknown): unknown {
  const sizeBytes = Buffer.byteLength(JSON.stringify(output) ?? "");
  if (sizeBytes <= retention.outputBytes) return output;
  throw new DataError(
    `The output of ${kind} has ${sizeBytes} bytes and may have ${retention.outputBytes}; keep it in a table and return counts`,
  );
}

interface Leaving {
  readonly bull: BullJob<StoredJob>;
  readonly token: string;
  readonly run: RunState;
  readonly open: OpenContext | undefined;
  readonly error: unknown;
}

async function leave(options: RunnerOptions, leaving: Leaving): Promise<never> {
  const { bull, token, run, open } = leaving;
  if (run.parked) {
    await uncountStart(options.queues, options.pool, run.id);
    throw new WaitingChildrenError();
  }
  // The lock is another's: BullMQ must neither fail nor move the job in our name.
  if (run.stopped === "lock-lost") throw new WaitingError();
  await open?.flush().catch(() => undefined);

  if (run.stopped === "shutdown") {
    await uncountStart(options.queues, options.pool, run.id);
    await bull.moveToWait(token);
    throw new WaitingError();
  }
  if (run.stopped === "cancelled") {
    await cancelChildren(options.queues, run.id);
    throw new UnrecoverableError(CANCELLED);
  }
  if (leaving.error instanceof ResourceBusyError) return stepAside(options, leaving, ASIDE_MS);
  if (leaving.error instanceof UnknownKindError) {
    const met = await countMisfit(options.queues, options.pool, run.id);
    if (met <= unknownKindRules.mostPauses) {
      const { pauseMs } = unknownKindRules;
      options.log.warn(
        { id: run.id, kind: bull.name, met },
        "This version has no such kind; a newer may have",
      );
      return stepAside(options, leaving, options.unknownKindPauseMs ?? pauseMs);
    }
  }
  const noRoom = noRoomOf(leaving.error);
  if (noRoom) {
    options.log.error({ pool: options.pool, pauseMs: noRoom.pauseMs }, noRoom.says);
    options.rest(noRoom.pauseMs);
    return stepAside(options, leaving, noRoom.pauseMs);
  }
  return fail(options, leaving);
}

/** The job waits and keeps its attempts; the slot is free for another. */
async function stepAside(
  options: RunnerOptions,
  { bull, token, run }: Leaving,
  forMs: number,
): Promise<never> {
  await untilRedisTakesIt(run, () => uncountStart(options.queues, options.pool, run.id));
  await untilRedisTakesIt(run, () => bull.moveToDelayed(Date.now() + forMs, token));
  throw new DelayedError();
}

/** A Redis that is full refuses that too, and what it refuses here would count as the job's own failure. */
async function untilRedisTakesIt(run: RunState, tell: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await tell();
    } catch (error) {
      if (!isRedisFull(error) || tries >= TRIES_TO_WAIT) throw error;
    }
    await pause(PAUSE_OF_TRIES_MS);
    if (run.stopped === "lock-lost") throw new WaitingError();
  }
}

async function fail(options: RunnerOptions, { bull, run, error: thrown }: Leaving): Promise<never> {
  const error = run.stopped === "timeout" ? new StoppedError("timeout") : asError(thrown);
  const final = isBeyondRetry(thrown) || bull.attemptsMade + 1 >= (bull.opts.attempts ?? 1);
  if (!final) throw error;

  await keepDeadLetter(options.queues, options.pool, bull, error).catch((cause: unknown) => {
    options.log.error({ id: run.id, cause }, "A dead letter could not be written; reconciling will");
  });
  throw Object.assign(new UnrecoverableError(error.message), { stack: error.stack, cause: error });
}
