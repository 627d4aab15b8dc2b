import { randomUUID } from "node:crypto";
import { type Queue, Worker } from "bullmq";
import pino from "pino";
import { z } from "zod";
import type { Lake } from "../../data/lake.ts";
import { enqueueMany } from "../../queues/enqueue.ts";
import { pools } from "../../queues/pools.ts";
import { connect, openQueues } from "../../queues/queues.ts";
import { defineJob } from "../../workers/define-job.ts";
import { startPool } from "../../workers/pool.ts";

export interface OverheadFigure {
  readonly concurrency: number;
  readonly jobs: number;
  readonly bareJobsPerS: number;
  readonly ourJobsPerS: number;
  /** Time a job takes in our runtime over the time it takes in bare BullMQ with the same options. */
  readonly ratio: number;
}

const trivial = defineJob({
  kind: "trivial",
  pool: "observer",
  summary: "Does nothing",
  input: z.strictObject({ n: z.number() }),
  checkpoint: z.undefined(),
  attempts: 3,
  backoffMs: 100,
  timeoutMs: 60_000,
  key: ({ n }) => String(n),
  load: async () => ({ run: async ({ input }) => ({ n: input.n }) }),
});

/**
 * The same jobs, queued the same way, once through our runtime and once through a bare worker, which take turns at being
 * first: what else a machine does then falls on both, and the median of the rounds' ratios is told.
 */
export async function measureOverhead(
  redisUrl: string,
  {
    jobs = 2_500,
    concurrency = 1,
    rounds = 6,
  }: { jobs?: number; concurrency?: number; rounds?: number } = {},
): Promise<OverheadFigure> {
  const ratios: number[] = [];
  const bare: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? ([startBare, startOurs] as const) : ([startOurs, startBare] as const);
    const took = new Map<Start, number>();
    for (const start of order) {
      took.set(start, await drain(redisUrl, jobs, (address) => start(address, concurrency)));
    }
    // The first round warms up.
    if (round === 0) continue;
    const [bareMs = Number.NaN, ourMs = Number.NaN] = [took.get(startBare), took.get(startOurs)];
    bare.push(bareMs);
    ours.push(ourMs);
    ratios.push(ourMs / bareMs);
  }
  return {
    concurrency,
    jobs,
    bareJobsPerS: Math.round((jobs / median(bare)) * 1_000),
    ourJobsPerS: Math.round((jobs / median(ours)) * 1_000),
    ratio: Number(median(ratios).toFixed(2)),
  };
}

type Start = (address: Address, concurrency: number) => Promise<AsyncDisposable>;

interface Address {
  readonly redisUrl: string;
  readonly prefix: string;
}

async function drain(
  redisUrl: string,
  jobs: number,
  start: (address: Address) => Promise<AsyncDisposable>,
): Promise<number> {
  const address = { redisUrl, prefix: `bench-${randomUUID()}` };
  await using queues = openQueues(address, { role: "worker" });
  const inputs = Array.from({ length: jobs }, (_, n) => ({ n }));
  await enqueueMany(queues, trivial, inputs);

  const queue = queues.of.observer;
  await queue.setGlobalConcurrency(pools.observer.perCluster);
  await using _worker = await start(address);
  // Counted from when the worker is at its pace, so that neither's start is measured.
  const before = await completed(queue, jobs / 10);
  const after = await completed(queue, jobs);
  const ms = ((after.at - before.at) / (after.count - before.count)) * jobs;
  await queue.obliterate({ force: true });
  return ms;
}

async function completed(queue: Queue, least: number): Promise<{ count: number; at: number }> {
  for (;;) {
    const count = await queue.getCompletedCount();
    if (count >= least) return { count, at: performance.now() };
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function startOurs(address: Address, concurrency: number): Promise<AsyncDisposable> {
  const queues = openQueues(address, { role: "worker" });
  const services = { queues, log: pino({ level: "silent" }), lake: {} as Lake };
  const pool = await startPool(services, { pools: ["observer"], jobOf: () => trivial, concurrency });
  return {
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
      await queues[Symbol.asyncDispose]();
    },
  };
}

async function startBare({ prefix, ...rest }: Address, concurrency: number): Promise<AsyncDisposable> {
  const connection = connect({ prefix, ...rest }, "worker");
  const { lockMs, stalledCheckMs } = pools.observer;
  const worker = new Worker("observer", async (job) => ({ n: job.data.input.n }), {
    connection,
    prefix,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    maxStalledCount: 5,
    maxStartedAttempts: 50,
    metrics: { maxDataPoints: 60 },
  });
  await worker.waitUntilReady();
  return {
    async [Symbol.asyncDispose]() {
      await worker.close();
      connection.disconnect();
    },
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
