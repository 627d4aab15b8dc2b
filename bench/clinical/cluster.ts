import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { generateClinical } from "../../data/clinical/generator/generate.ts";
import { landBundles } from "../../data/clinical/landing.ts";
import type { Lake } from "../../data/lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { openQueues, type QueueAddress, type Queues } from "../../queues/queues.ts";
import { untilEnded } from "../../queues/watch.ts";
import type { PoolOrder } from "../../test/workers/fixtures/pool-process.ts";
import { cohortRefresh, Input } from "../../workers/cohort-ingest/cohort-refresh/job.ts";
import { openBenchLake, secondsOf } from "../lake/bench-lake.ts";
import { versions } from "./floor.ts";

const program = fileURLToPath(new URL("../../test/workers/fixtures/pool-process.ts", import.meta.url));
const floorProgram = fileURLToPath(new URL("floor-process.ts", import.meta.url));
const GIB = 1024 ** 3;

export interface ClusterSize {
  readonly redisUrl: string;
  readonly patients: number;
}

/** Refreshes through Redis by two worker processes, Gold included, beside the least that one DuckDB must do. */
export async function measureCluster({ redisUrl, patients }: ClusterSize) {
  await using bench = await openBenchLake();
  const { lake, dir } = bench;
  const source = join(dir, "source", "fhir");
  await generateClinical({ patients, seed: 1, outDir: join(dir, "source") });
  await land(lake, source);
  const floor = await measureFloor(dir);

  const address = { redisUrl, prefix: `bench-${randomUUID()}` };
  const workers = [await startWorker(address, dir), await startWorker(address, dir)];
  try {
    await using queues = openQueues(address);
    const timed = (input: z.input<typeof Input>) => secondsOf(() => refresh(queues, input));
    const first = await timed({ withGold: true });
    const before = await versions(lake);
    const second = await timed({ withGold: true });
    const afterSecond = await versions(lake);
    const full = await timed({ withGold: true, full: true });
    const afterFull = await versions(lake);
    await changeOne(source);
    await land(lake, source);
    const changed = await timed({ withGold: true });
    return {
      firstToFloor: first / floor,
      secondToFloor: second / floor,
      secondCommits: afterSecond - before,
      fullToFloor: full / floor,
      fullCommits: afterFull - afterSecond,
      changedToFirst: changed / first,
      firstSeconds: first,
      floorSeconds: floor,
      peakRssMib: Math.max(...(await Promise.all(workers.map(peakRss)))) / 1024,
    };
  } finally {
    await Promise.all(workers.map(stop));
  }
}

async function land(lake: Lake, source: string): Promise<void> {
  await landBundles(lake, openFolder(source), { labels: ["A", "B", "C"], now: new Date() });
}

async function refresh(queues: Queues, input: z.input<typeof Input>): Promise<void> {
  const { id } = await enqueue(queues, cohortRefresh, Input.parse(input));
  const { error } = await untilEnded(queues, id);
  if (error) throw new Error(error);
}

/** One patient is of another gender from now on. */
async function changeOne(source: string): Promise<void> {
  const [name = ""] = (await readdir(source)).sort();
  const path = join(source, name);
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace(/"gender":\s*"\w+"/, '"gender":"other"'));
}

/** Seconds, in a process of its own. */
async function measureFloor(dir: string): Promise<number> {
  const child = fork(floorProgram, [dir], { execArgv: ["--import", "tsx"] });
  const ended = once(child, "exit");
  const [seconds] = (await Promise.race([
    once(child, "message"),
    ended.then(() => Promise.reject(new Error("The floor could not be measured"))),
  ])) as [number];
  await ended;
  return seconds;
}

async function startWorker(address: QueueAddress, dir: string): Promise<ChildProcess> {
  const pools = ["cohort-ingest", "silver-merge", "gold-build"] as const;
  const order: PoolOrder = { ...address, dir, memoryBytes: GIB, threads: 1, pools };
  const worker = fork(program, [JSON.stringify(order)], { execArgv: ["--import", "tsx"] });
  await once(worker, "message");
  return worker;
}

async function stop(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill("SIGKILL");
  await once(worker, "exit");
}

/** In KiB, where the system tells. */
async function peakRss({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN);
}
