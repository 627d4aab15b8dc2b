import { once } from "node:events";
import { readConfig } from "../config.ts";
import { openLake } from "../data/open-lake.ts";
import { openStorage } from "../data/storage/open-storage.ts";
import { openQueues } from "../queues/queues.ts";
import { ensureRedis } from "../queues/redis/ensure-redis.ts";
import { serverFolder } from "../queues/redis/server-folder.ts";
import { schedules } from "../scheduler/schedules.ts";
import { jobs } from "../workers/registry.ts";
import { openApiLog } from "./api-log.ts";
import { routes } from "./routes.ts";
import { serveApi } from "./serve.ts";

const config = readConfig(process.env);
const log = openApiLog(config.logLevel);
const dir = serverFolder(config.lakeUrl, config.cache.dir);
const kinds = new Map(Object.values(jobs).map((job) => [job.kind, job]));

await using lake = await openLake({ storage: openStorage(config.lakeUrl, config), duckdb: config.duckdb });
await using redis = await ensureRedis({ redisUrl: config.redisUrl, dir });
const address = { redisUrl: redis.url, prefix: config.queuePrefix };
await using queues = openQueues(address, { store: lake.storage });
// Heard from before the first request: until then the signal ends the process on the spot, and nobody is answered.
const told = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
await using api = await serveApi({
  ...config.api,
  routes,
  services: {
    lake,
    queues,
    log,
    kinds,
    schedules,
    sql: { ...config.duckdb, ...config.sql },
    modelServer: config.ollamaUrl ? { url: config.ollamaUrl } : undefined,
  },
});
log.info({ url: api.url }, "the API listens");

await told;
log.info("answering what was asked, then stopping");
