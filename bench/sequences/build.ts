import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { generateMimic } from "../../data/sequences/generator/generate.ts";
import { openDuckDB } from "../../data/sql/duckdb.ts";
import type { JobContract } from "../../queues/contract.ts";
import { enqueue } from "../../queues/enqueue.ts";
import type { JobView } from "../../queues/job-view.ts";
import { listChildren } from "../../queues/jobs.ts";
import { openQueues, type QueueAddress, type Queues } from "../../queues/queues.ts";
import { untilEnded } from "../../queues/watch.ts";
import type { PoolOrder } from "../../test/workers/fixtures/pool-process.ts";
import { Input, sequencesBuild } from "../../workers/sequences/sequences-build/job.ts";
import { Input as ExportInput, sequencesExport } from "../../workers/sequences/sequences-export/job.ts";

const workerProgram = fileURLToPath(new URL("../../test/workers/fixtures/pool-process.ts", import.meta.url));
const bareProgram = fileURLToPath(new URL("./bare.ts", import.meta.url));
const LABS_A_PATIENT = 240;

export interface BuildSize {
  readonly redisUrl: string;
  readonly dir: string;
  readonly labs: number;
  readonly memoryBytes: number;
  readonly threads: number;
  readonly rowsPerRange: number;
}

export interface Took {
  readonly seconds: number;
  readonly peakRssBytes: number;
}

export async function generate(dir: string, labs: number, limits: { memoryBytes: number; threads: number }) {
  using duckdb = await openDuckDB({ ...limits, tempDir: join(dir, "spill") });
  const connection = await duckdb.connect();
  const size = { patients: Math.ceil(labs / LABS_A_PATIENT), labs, seed: 1, gzip: false, badRows: false };
  await generateMimic(connection, join(dir, "mimic"), size);
  connection.closeSync();
}

/** From CSV to shards through Redis, one worker process and Delta tables. */
export async function measureOurs(size: BuildSize): Promise<Took> {
  return withWorkers(size, 1, async ({ queues, workers }) => {
    const startedAt = performance.now();
    await outputOf(queues, sequencesBuild, buildInput(size));
    const out = ExportInput.parse({ out: join(size.dir, "out"), formats: ["tokens"] });
    await outputOf(queues, sequencesExport, out);
    const seconds = (performance.now() - startedAt) / 1_000;
    return { seconds, peakRssBytes: Math.max(...(await Promise.all(workers.map(peakRss)))) };
  });
}

/** The same statements in one process of their own. */
export async function measureBare({ dir, memoryBytes, threads }: BuildSize): Promise<Took> {
  const limits = { memoryBytes, threads, tempDir: join(dir, "bare-spill") };
  const bare = fork(bareProgram, [JSON.stringify({ source: join(dir, "mimic"), dir, limits })], {
    execArgv: ["--import", "tsx"],
  });
  const [took] = (await once(bare, "message")) as [Took];
  await once(bare, "exit");
  return took;
}

export interface RangeStage {
  /** From the beginning of the first range to the end of the last. */
  readonly seconds: number;
  readonly meanRangeSeconds: number;
  /** How long after the kill no range was at work: one was still locked by the dead. */
  readonly waitSeconds: number;
}

/** The ranges of a build by two workers, one of which is replaced, by a kill, when a range is done. */
export async function measureRanges(size: BuildSize, kills: boolean): Promise<RangeStage> {
  return withWorkers(size, 2, async ({ queues, workers, address }) => {
    const { id } = await enqueue(queues, sequencesBuild, buildInput(size));
    const ending = untilEnded(queues, id);
    let killedAt = Number.POSITIVE_INFINITY;
    if (kills) {
      while ((await rangesOf(queues, id)).every(({ state }) => state !== "completed")) await pause(20);
      if (workers[0]) await stop(workers[0]);
      killedAt = Date.now();
      workers.push(await startWorker({ ...address, ...size }));
    }
    const ended = await ending;
    if (ended.error) throw new Error(ended.error);
    return stageOf(await rangesOf(queues, id), killedAt);
  });
}

function stageOf(ranges: readonly JobView[], killedAt: number): RangeStage {
  const runs = ranges
    .map(({ startedAt, finishedAt }) => ({
      from: Date.parse(`${startedAt}`),
      to: Date.parse(`${finishedAt}`),
    }))
    .sort((a, b) => a.from - b.from);
  const begun = runs[0]?.from ?? Number.NaN;
  let waited = 0;
  let until = begun;
  for (const { from, to } of runs) {
    if (from > killedAt) waited += Math.max(0, from - Math.max(until, killedAt));
    until = Math.max(until, to);
  }
  const worked = runs.reduce((sum, { from, to }) => sum + to - from, 0);
  return {
    seconds: (until - begun) / 1_000,
    meanRangeSeconds: worked / runs.length / 1_000,
    waitSeconds: waited / 1_000,
  };
}

async function rangesOf(queues: Queues, id: string) {
  return (await listChildren(queues, id)).filter(({ kind }) => kind === "sequences-range");
}

function buildInput({ dir, rowsPerRange }: BuildSize): Input {
  return Input.parse({ source: join(dir, "mimic"), rowsPerRange });
}

async function withWorkers<T>(
  size: BuildSize,
  count: number,
  work: (ground: { queues: Queues; workers: ChildProcess[]; address: QueueAddress }) => Promise<T>,
): Promise<T> {
  const address = { redisUrl: size.redisUrl, prefix: `bench-${randomUUID()}` };
  const workers: ChildProcess[] = [];
  for (let n = 0; n < count; n++) workers.push(await startWorker({ ...address, ...size }));
  try {
    await using queues = openQueues(address);
    return await work({ queues, workers, address });
  } finally {
    await Promise.all(workers.map(stop));
    await rm(join(size.dir, "lake"), { recursive: true, force: true });
  }
}

async function startWorker({
  redisUrl,
  prefix,
  dir,
  memoryBytes,
  threads,
}: QueueAddress & BuildSize): Promise<ChildProcess> {
  const order: PoolOrder = { redisUrl, prefix, dir, memoryBytes, threads, pools: ["sequences"] };
  const worker = fork(workerProgram, [JSON.stringify(order)], { execArgv: ["--import", "tsx"] });
  await once(worker, "message");
  return worker;
}

async function stop(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill("SIGKILL");
  await once(worker, "exit");
}

async function outputOf<T>(queues: Queues, contract: JobContract<T>, input: T): Promise<void> {
  const { error } = await untilEnded(queues, (await enqueue(queues, contract, input)).id);
  if (error) throw new Error(error);
}

/** The most a process has held since it began, where the system tells. */
async function peakRss({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}
