import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { type MillraceProcess, startMillrace } from "../../cli/processes/millrace-process.ts";
import { generateClinical } from "../../data/clinical/generator/generate.ts";
import { landBundles } from "../../data/clinical/landing.ts";
import type { Lake } from "../../data/lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { enqueue } from "../../queues/enqueue.ts";
import type { PoolName } from "../../queues/pools.ts";
import { openQueues, type QueueAddress, type Queues } from "../../queues/queues.ts";
import { untilEnded } from "../../queues/watch.ts";
import { cohortRefresh, Input } from "../../workers/cohort-ingest/cohort-refresh/job.ts";
import { openBenchLake, secondsOf } from "../lake/bench-lake.ts";
import { versions } from "./floor.ts";

const floorProgram = fileURLToPath(new URL("floor-process.ts", import.meta.url));
const servedPools = ["cohort-ingest", "silver-merge", "gold-build"] as const satisfies readonly PoolName[];

export interface ClusterSize {
  readonly redisUrl: string;
  readonly patients: number;
}

/** Refreshes through Redis by a worker process a pool, Gold included, beside the least that one DuckDB must do. */
export async function measureCluster({ redisUrl, patients }: ClusterSize) {
  await using bench = await openBenchLake();
  const { lake, dir } = bench;
  const source = join(dir, "source", "fhir");
  await generateClinical({ patients, seed: 1, outDir: join(dir, "source") });
  await land(lake, source);
  const floor = await measureFloor(dir);

  const address = { redisUrl, prefix: `bench-${randomUUID()}` };
  const workers = await Promise.all(servedPools.map((pool) => startWorker(pool, address, dir)));
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
    await Promise.all(workers.map((worker) => worker.stop(0)));
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

/** As `millrace up` starts it, with what it has by default; only the lake, Redis and the folder to spill to are its own. */
async function startWorker(pool: PoolName, address: QueueAddress, dir: string): Promise<MillraceProcess> {
  const worker = startMillrace(["worker", "--pool", pool], {
    env: {
      REDIS_URL: address.redisUrl,
      QUEUE_PREFIX: address.prefix,
      LAKE_URL: join(dir, "lake"),
      TEMP_DIR: join(dir, "spill"),
    },
    onLine: () => undefined,
  });
  await worker.ready;
  return worker;
}

/** In KiB, where the system tells. */
async function peakRss({ child: { pid } }: MillraceProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN);
}
