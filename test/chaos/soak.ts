import { readdir } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { enqueue } from "../../queues/enqueue.ts";
import { retention } from "../../queues/retention.ts";
import { optimizeTables } from "../../workers/maintenance/optimize-tables/job.ts";
import type { ChaosTest, Finding } from "./chaos-test.ts";
import { Cluster } from "./cluster.ts";
import type { Random } from "./random.ts";
import { batchesOf } from "./tests/batches.ts";

const KILL_EVERY_MS = 10_000;
const GROWTH = 0.05;
const names = { workerMib: "memory of a worker", handles: "its open files", redisMib: "memory of Redis" };
type Watched = keyof typeof names;

interface Sample {
  readonly minute: number;
  readonly workerMib: number;
  readonly handles: number;
  readonly redisMib: number;
  readonly events: number;
}

/** Mixed work for hours with a kill every ten seconds; one worker is left alone, for its memory is what is watched. */
export function soakOf(hours: number, say: (text: string) => void): ChaosTest {
  return {
    number: 19,
    title: "Mixed work for hours, with a kill every ten seconds",
    short: false,
    run: ({ random }) => soak(hours, random, say),
    control: async () => {
      const growing = Array.from({ length: 40 }, (_, n) => 100 + n);
      const samples = growing.map((n) => ({ minute: n, workerMib: n, handles: 20, redisMib: 20, events: 0 }));
      const { workerMib, handles } = growths(samples);
      const seen = !isFlat(workerMib) && isFlat(handles);
      return { says: "Memory that grows by 1 MiB a minute from 100 is seen to grow", holds: seen };
    },
  };
}

async function soak(hours: number, random: Random, say: (text: string) => void): Promise<Finding> {
  await using cluster = await Cluster.start();
  await using watched = cluster.hand({}, ["--expose-gc"]);
  await watched.ready();
  await using crew = await cluster.crew(2);
  const until = Date.now() + hours * 3_600_000;
  const started = Date.now();
  const samples: Sample[] = [];
  let batch = 0;
  let kills = 0;
  while (Date.now() < until) {
    const next = Date.now() + KILL_EVERY_MS;
    while (Date.now() < next) {
      if ((await cluster.open()) < 50) {
        await cluster.ask(batchesOf(5, { takesMs: 100 }, batch));
        batch += 5;
        await enqueue(cluster.queues, cluster.kinds.sweep, { n: batch });
      }
      await pause(1_000);
    }
    random.pick(crew.serving)?.signal("SIGKILL");
    kills += 1;
    if (kills % 6 === 0) {
      await cluster.reconcile();
      // Without it the tables' files grow in number, and what a worker knows of them with it.
      await enqueue(cluster.queues, optimizeTables, {});
      samples.push(await look(cluster, (Date.now() - started) / 60_000, watched));
      say(JSON.stringify(samples.at(-1)));
    }
  }
  const stuck = await cluster.quiet();
  const growth = Object.entries(growths(samples)).map(([name, by]) => ({
    says: `${names[name as Watched]}: ${(by * 100).toFixed(1)} % from the third quarter to the last`,
    holds: isFlat(by),
  }));
  const events = samples.at(-1)?.events ?? 0;
  return {
    fault: `${Math.round(hours * 60)} minutes, 2 workers and one that is watched, ${kills} kills, ${batch} batches`,
    verdict: await cluster.judge(stuck),
    checks: [...growth, { says: `events kept by Redis: ${events}`, holds: events <= retention.events * 2 }],
  };
}

async function look(
  cluster: Cluster,
  minute: number,
  watched: { process: { pid?: number | undefined }; memoryBytes(): Promise<number> },
): Promise<Sample> {
  const info = await cluster.queues.redis.info("memory");
  const handles = await readdir(`/proc/${watched.process.pid}/fd`).catch(() => []);
  return {
    minute: Math.round(minute),
    workerMib: Math.round((await watched.memoryBytes()) / 2 ** 20),
    handles: handles.length,
    redisMib: z.coerce.number().parse(/used_memory:(\d+)/.exec(info)?.[1]) / 2 ** 20,
    events: await cluster.queues.redis.xlen(cluster.queues.of.observer.toKey("events")),
  };
}

/** The first half is left out: caches fill, and Redis keeps its finished jobs up to their number. */
function growths(samples: readonly Sample[]): Record<Watched, number> {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const mean = (part: readonly Sample[], name: keyof Sample) =>
    part.reduce((sum, sample) => sum + sample[name], 0) / part.length;
  const growth = (name: Watched) => {
    const early = mean(samples.slice(-2 * quarter, -quarter), name);
    return (mean(samples.slice(-quarter), name) - early) / early;
  };
  return { workerMib: growth("workerMib"), handles: growth("handles"), redisMib: growth("redisMib") };
}

/** Too short a run has nothing to compare, which is no proof. */
function isFlat(growth: number): boolean {
  return growth <= GROWTH;
}
