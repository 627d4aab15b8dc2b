import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { openQueues } from "../../queues/queues.ts";
import { ensureRedis } from "../../queues/redis/ensure-redis.ts";
import { startPool } from "../../workers/pool.ts";
import { tick } from "./tick.ts";

export interface SchedulerCounts {
  /** One-second slots between the first job and the last, both included. */
  readonly slots: number;
  readonly jobs: number;
  /** Slots without a job, and slots with more than one. Both 0. */
  readonly missing: number;
  readonly twice: number;
  /** Schedulers killed and replaced meanwhile. */
  readonly killed: number;
}

/** Three scheduler processes over one-second slots, one of them killed every 20 s and replaced. */
export async function measureThreeSchedulers({
  slots = 120,
  killEveryS = 20,
} = {}): Promise<SchedulerCounts> {
  const dir = await mkdtemp(join(tmpdir(), "bench-clock-"));
  let counts: SchedulerCounts;
  {
    await using redis = await ensureRedis({ dir: join(dir, "redis") });
    const duckdb = { memoryBytes: 2 ** 28, threads: 1, tempDir: join(dir, "temp") };
    await using lake = await openLake({ storage: openFolder(join(dir, "lake")), duckdb });
    const address = { redisUrl: redis.url, prefix: "bench" };
    await using queues = openQueues(address, { role: "worker", store: lake.storage });
    const services = { lake, queues, log: pino({ level: "silent" }) };
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: () => tick });

    const start = () => startReplica(redis.url, join(dir, "lake"));
    const replicas = await Promise.all([start(), start(), start()]);
    let killed = 0;
    for (let second = 0; second < slots; second += killEveryS) {
      await pause(Math.min(killEveryS, slots - second) * 1_000);
      if (second + killEveryS >= slots) break;
      await stop(replicas.shift(), "SIGKILL");
      replicas.push(await start());
      killed += 1;
    }
    for (const replica of replicas) await stop(replica, "SIGTERM");
    const jobs = await queues.of.maintenance.getJobs();
    counts = count(
      jobs.map(({ id = "" }) => id.slice(id.lastIndexOf(".") + 1)),
      killed,
    );
  }
  await rm(dir, { recursive: true, force: true });
  return counts;
}

async function startReplica(redisUrl: string, dir: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("scheduler-replica.ts", import.meta.url));
  const replica = fork(script, [redisUrl, "bench", dir], { execArgv: ["--import", "tsx"] });
  await once(replica, "message");
  return replica;
}

async function stop(replica: ChildProcess | undefined, signal: NodeJS.Signals) {
  replica?.kill(signal);
  if (replica) await once(replica, "exit");
}

/** A job's id ends with its slot: `every-second-20260101T000000Z`. */
function count(names: readonly string[], killed: number): SchedulerCounts {
  const times = names.map((name) =>
    Date.parse(name.replace(/^.*-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z")),
  );
  const there = new Set(times);
  const slots = (Math.max(...times) - Math.min(...times)) / 1_000 + 1;
  return { slots, jobs: times.length, missing: slots - there.size, twice: times.length - there.size, killed };
}
