import { randomUUID } from "node:crypto";
import { Worker } from "bullmq";
import { dropLetter } from "../queues/dead-letters.ts";
import { CANCELLED } from "../queues/job-view.ts";
import { OutcomeTally } from "../queues/outcomes.ts";
import { type PoolName, pools } from "../queues/pools.ts";
import type { StoredJob } from "../queues/stored-job.ts";
import type { AnyJob, Services } from "./define-job.ts";
import { keepDeadLetter } from "./failures.ts";
import { JobEvents } from "./job-events.ts";
import { jobRunner } from "./job-runner.ts";
import { Liveness } from "./liveness.ts";
import { watchLocks } from "./lock-watch.ts";
import { RunningJobs } from "./running-jobs.ts";

/** Deaths of the process, or stops past the lock, that a job may meet before it is held to be their cause. */
const MAX_STALLS = 9;
/** Starts that ended neither in a result nor in an orderly leave; more than any attempts and stalls together. */
const MAX_STARTS = 50;
const CLOSE_WITHIN_MS = 2_000;
const RATE_MINUTES = 60;

export interface PoolOptions {
  readonly pools: readonly PoolName[];
  /** The kinds this process can do. */
  readonly jobOf: (kind: string) => AnyJob;
  /** Jobs of one pool at a time; by default the pool's own number. */
  readonly concurrency?: number | undefined;
  /** Tell the observer how every job ends. */
  readonly observe?: boolean;
  /** Shorter for tests, which have no time to wait for a lock to end. */
  readonly lockMs?: number;
  readonly stalledCheckMs?: number;
  readonly unknownKindPauseMs?: number;
  /** Told when this process can no longer do its work and should be replaced. */
  readonly onWedged?: (error: Error) => void;
}

export interface Pool extends AsyncDisposable {
  readonly id: string;
  readonly workers: readonly Worker[];
}

/**
 * Serves the pools until disposed. Disposing stops the intake and aborts the running jobs' signals; each job goes back
 * to the front of its queue with no attempt spent, within half a second even if it ignores its signal.
 */
export async function startPool(services: Services, options: PoolOptions): Promise<Pool> {
  const { queues } = services;
  const id = randomUUID();
  const running = new RunningJobs(queues);
  const tally = new OutcomeTally(queues);
  const events = options.observe ? new JobEvents(services, options) : undefined;
  let stopping = false;

  const workers: Worker[] = [];
  for (const pool of options.pools) {
    await queues.of[pool].setGlobalConcurrency(pools[pool].perCluster);
    workers.push(startWorker(services, options, pool, { running, tally, events }, () => stopping));
  }
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  const liveness = new Liveness({ id, services, workers, running, onWedged: options.onWedged });
  await liveness.report();

  return {
    id,
    workers,
    async [Symbol.asyncDispose]() {
      stopping = true;
      const closed = Promise.all(workers.map((worker) => worker.close()));
      running.stopAll("shutdown");
      await within(CLOSE_WITHIN_MS, closed);
      await within(CLOSE_WITHIN_MS, liveness[Symbol.asyncDispose]());
      await within(CLOSE_WITHIN_MS, tally[Symbol.asyncDispose]());
      await within(CLOSE_WITHIN_MS, Promise.resolve(events?.[Symbol.asyncDispose]()));
      await running[Symbol.asyncDispose]();
    },
  };
}

/** Who is told what happens to the jobs of this process. */
interface Watchers {
  readonly running: RunningJobs;
  readonly tally: OutcomeTally;
  readonly events: JobEvents | undefined;
}

function startWorker(
  services: Services,
  options: PoolOptions,
  pool: PoolName,
  { running, tally, events }: Watchers,
  stopping: () => boolean,
): Worker {
  const { queues, log } = services;
  const { perProcess, lockMs, stalledCheckMs } = pools[pool];
  const rest = (forMs: number) => {
    worker.pause(true).catch(() => undefined);
    setTimeout(() => void worker.resume().catch(() => undefined), forMs).unref();
  };
  const { jobOf, unknownKindPauseMs } = options;
  const longestApartMs = options.lockMs ?? lockMs;
  const runner = jobRunner({
    ...services,
    ...{ pool, running, jobOf, unknownKindPauseMs, longestApartMs, stopping, rest },
  });
  const worker = new Worker<StoredJob>(pool, (job, token) => runner(job, token), {
    connection: queues.redis,
    prefix: queues.address.prefix,
    concurrency: options.concurrency ?? perProcess,
    lockDuration: options.lockMs ?? lockMs,
    stalledInterval: options.stalledCheckMs ?? stalledCheckMs,
    maxStalledCount: MAX_STALLS,
    maxStartedAttempts: MAX_STARTS,
    metrics: { maxDataPoints: RATE_MINUTES },
  });
  worker.on("error", (error) => log.warn({ pool, error: error.message }, "The queue reported trouble"));
  worker.on("lockRenewalFailed", (ids: string[]) => {
    for (const id of ids) running.stop(id, "lock-lost");
  });
  watchLocks(worker, options.lockMs ?? lockMs, running);
  reportEnds(services, pool, worker, tally, events);
  return worker;
}

/** What has to happen once a job has ended, whichever way it did. None of it is relied upon: a process may die here. */
function reportEnds(
  { queues, log }: Services,
  pool: PoolName,
  worker: Worker<StoredJob>,
  tally: OutcomeTally,
  events: JobEvents | undefined,
): void {
  worker.on("stalled", (id) => events?.stalled(pool, id));
  worker.on("completed", (job) => {
    events?.ended(pool, job, "completed");
    if (!job.parentKey) queues.intake?.ended(job.id ?? "");
    if (log.isLevelEnabled("info")) log.info({ ...lineOf(pool, job), outcome: "completed" }, "job");
    tally.count({ kind: job.name, outcome: "completed", seconds: secondsOf(job) });
    // Its last attempt may have died after the letter was written.
    if (job.attemptsMade > 1 || job.stalledCounter > 0)
      dropLetter(queues, job.id ?? "").catch(() => undefined);
  });
  worker.on("failed", (job, error) => {
    if (!job) return;
    const final = job.finishedOn !== undefined;
    const cancelled = error.message === CANCELLED;
    const outcome = cancelled ? "cancelled" : final ? "failed" : "retried";
    tally.count({ kind: job.name, outcome, seconds: secondsOf(job) });
    events?.ended(pool, job, outcome, error);
    log.warn({ ...lineOf(pool, job), outcome, error: error.message }, "job");
    if (!final) return;
    const kept = cancelled ? Promise.resolve() : keepMissingLetter(queues, pool, job, error);
    kept
      .then(() => (job.parentKey ? undefined : queues.intake?.ended(job.id ?? "")))
      .catch((cause: unknown) => log.error({ id: job.id, cause }, "A dead letter could not be written"));
  });
}

/** BullMQ itself fails what stalled too often, and then no run was there to write the letter. */
async function keepMissingLetter(
  queues: Services["queues"],
  pool: PoolName,
  job: Parameters<typeof keepDeadLetter>[2],
  error: Error,
): Promise<void> {
  const letter = await queues.redis.hget(queues.of[pool].toKey(job.id ?? ""), "letter");
  if (letter === null) await keepDeadLetter(queues, pool, job, error);
}

function lineOf(
  pool: PoolName,
  job: { id?: string | undefined; name: string; processedOn?: number; attemptsMade: number },
) {
  return {
    id: job.id,
    kind: job.name,
    pool,
    ms: job.processedOn === undefined ? undefined : Date.now() - job.processedOn,
    attempt: job.attemptsMade,
  };
}

function secondsOf({ processedOn }: { processedOn?: number }): number {
  return processedOn === undefined ? 0 : (Date.now() - processedOn) / 1_000;
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
