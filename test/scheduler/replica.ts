import { once } from "node:events";
import { pino } from "pino";
import { openFolder } from "../../data/storage/folder.ts";
import { openQueues } from "../../queues/queues.ts";
import { startClock } from "../../scheduler/clock.ts";
import { everySecond, straySecond } from "./tick.ts";

/** One scheduler process of the test: it says on stdout, a JSON line each, what it fires. */
const [redisUrl = "", prefix = "", dir = "", which] = process.argv.slice(2);
const storage = openFolder(dir);
const queues = openQueues({ redisUrl, prefix }, { store: storage });
const schedule = which === "stray" ? straySecond : everySecond;
const clock = await startClock({ queues, storage, log: pino() }, [schedule]);
await once(process, "SIGTERM");
await clock[Symbol.asyncDispose]();
await queues[Symbol.asyncDispose]();
