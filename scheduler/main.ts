import { once } from "node:events";
import { hostname } from "node:os";
import { pino } from "pino";
import { readConfig } from "../config.ts";
import { openStorage } from "../data/storage/open-storage.ts";
import { openQueues } from "../queues/queues.ts";
import { ensureRedis } from "../queues/redis/ensure-redis.ts";
import { serverFolder } from "../queues/redis/server-folder.ts";
import { startClock } from "./clock.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { schedules } from "./schedules.ts";

const config = readConfig(process.env);
const log = pino({ level: config.logLevel });
const dir = serverFolder(config.lakeUrl, config.cache.dir);

await using storage = openStorage(config.lakeUrl, config);
await using redis = await ensureRedis({ redisUrl: config.redisUrl, dir });
const address = { redisUrl: redis.url, prefix: config.queuePrefix };
await using queues = openQueues(address, { store: storage });
// Heard from before the first slot, so that no start of a job is cut off.
const told = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
await using _clock = await startClock({ queues, storage, log }, schedules);
const about = { host: hostname(), pid: process.pid, schedules: schedules.length };
await using _heartbeat = await startHeartbeat(queues, about);
log.info({ schedules: schedules.length, pid: process.pid }, "the clock runs");

await told;
log.info("stopping");
