import { once } from "node:events";
import pino from "pino";
import { readConfig } from "../config.ts";
import { openLake } from "../data/open-lake.ts";
import { openStorage } from "../data/storage/open-storage.ts";
import { openQueues } from "../queues/queues.ts";
import { ensureRedis } from "../queues/redis/ensure-redis.ts";
import { serverFolder } from "../queues/redis/server-folder.ts";
import { reconcileNow } from "./maintenance/reconcile/run.ts";
import { startPool } from "./pool.ts";
import { readyAhead } from "./ready-ahead.ts";
import { jobOfKind, jobs } from "./registry.ts";

const config = readConfig(process.env);
const log = pino({ level: config.logLevel });
const { pools, concurrency } = config.worker;
let exitCode = 0;

{
  await using lake = await openLake({ storage: openStorage(config.lakeUrl, config), duckdb: config.duckdb });
  await using redis = await ensureRedis({
    redisUrl: config.redisUrl,
    dir: serverFolder(config.lakeUrl, config.cache.dir),
  });
  const address = { redisUrl: redis.url, prefix: config.queuePrefix };
  await using queues = openQueues(address, { role: "worker", store: lake.storage });

  // Heard from before the first job is taken: until then the signal ends the process on the spot, and its jobs are left lying.
  const told = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  const wedged = new AbortController();
  const onWedged = (error: Error) => wedged.abort(error);
  const services = {
    lake,
    queues,
    log,
    modelServer: config.ollamaUrl ? { url: config.ollamaUrl } : undefined,
  };
  await using _pool = await startPool(services, {
    pools,
    concurrency,
    jobOf: jobOfKind,
    onWedged,
    observe: true,
  });
  using _ready = readyAhead(services, { pools, kinds: Object.values(jobs) });
  log.info({ pools }, "serving");
  reconcileNow({ queues, log }).catch((error: unknown) => log.error(error, "Reconciling failed"));

  await Promise.race([
    told,
    once(wedged.signal, "abort").then(() => {
      log.fatal(wedged.signal.reason, "This process no longer takes work and ends, to be started anew");
      exitCode = 1;
    }),
  ]);
  log.info("stopping");
}
// Work that ignored its signal may still run here; its job is elsewhere by now.
process.exit(exitCode);
