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
  /** How many parts a worker has in hand at a time. */
  readonly concurrency: number;
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

export interface Kill {
  /** How many ranges were begun again. */
  readonly begunAgain: number;
  /** What had been done of them, in ranges: the work that was for nothing. */
  readonly rangesLost: number;
  /** From the kill to the new beginning of the last of them. */
  readonly waitSeconds: number;
}

/** The ranges of a build by two workers, one of which is killed and replaced in the middle of one, when half of them are done. */
export async function measureKill(size: BuildSize): Promise<Kill> {
  return withWorkers(size, 2, async ({ queues, workers, address }) => {
    const { id } = await enqueue(queues, sequencesBuild, buildInput(size));
    const ending = untilEnded(queues, id);
    let ranges = await rangesOf(queues, id);
    while (!isHalfDone(ranges)) {
      await pause(20);
      ranges = await rangesOf(queues, id);
    }
    // One is done at this moment and the next just begun: a kill costs most when there is work to lose.
    await pause(meanMs(ranges.filter(isDone)) / 2);
    if (workers[0]) await stop(workers[0]);
    const killedAt = Date.now();
    // The dead keeps what it had for as long as its lock holds, so its ranges still tell their first beginning.
    const atKill = await rangesOf(queues, id);
    workers.push(await startWorker({ ...address, ...size }));
    const ended = await ending;
    if (ended.error) throw new Error(ended.error);
    return costOf({ atKill, killedAt, atEnd: await rangesOf(queues, id) });
  });
}

function isDone({ state }: JobView): boolean {
  return state === "completed";
}

function meanMs(ranges: readonly JobView[]): number {
  const times = ranges.map(
    ({ startedAt, finishedAt }) => Date.parse(`${finishedAt}`) - Date.parse(`${startedAt}`),
  );
  return times.reduce((sum, each) => sum + each, 0) / times.length;
}

function isHalfDone(ranges: readonly JobView[]): boolean {
  return ranges.length > 0 && ranges.filter(isDone).length >= ranges.length / 2;
}

/** A range that was begun before the kill and has another beginning at the end was in the hands of the dead. */
function costOf({
  atKill,
  killedAt,
  atEnd,
}: {
  readonly atKill: readonly JobView[];
  readonly killedAt: number;
  readonly atEnd: readonly JobView[];
}): Kill {
  const begins = new Map(atEnd.map(({ id, startedAt }) => [id, Date.parse(`${startedAt}`)]));
  const again = atKill.filter((range) => {
    const begun = Date.parse(`${range.startedAt}`);
    return !isDone(range) && begun < killedAt && (begins.get(range.id) ?? begun) > killedAt;
  });
  const lost = again.reduce((sum, { startedAt }) => sum + killedAt - Date.parse(`${startedAt}`), 0);
  const waits = again.map(({ id }) => (begins.get(id) ?? killedAt) - killedAt);
  return {
    begunAgain: again.length,
    rangesLost: lost / meanMs(atEnd),
    waitSeconds: Math.max(0, ...waits) / 1_000,
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
  concurrency,
}: QueueAddress & BuildSize): Promise<ChildProcess> {
  const order: PoolOrder = { redisUrl, prefix, dir, memoryBytes, threads, concurrency, pools: ["sequences"] };
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
