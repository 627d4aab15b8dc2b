import { once } from "node:events";
import { pino } from "pino";
import { openFolder } from "../../data/storage/folder.ts";
import { openQueues } from "../../queues/queues.ts";
import { startClock } from "../../scheduler/clock.ts";
import { everySecond } from "./tick.ts";

/** One scheduler process, which fires once a second until it is told to stop. */
const [redisUrl = "", prefix = "", dir = ""] = process.argv.slice(2);
await using storage = openFolder(dir);
await using queues = openQueues({ redisUrl, prefix }, { store: storage });
await using _clock = await startClock({ queues, storage, log: pino({ level: "error" }) }, [everySecond]);
process.send?.("fires");
await once(process, "SIGTERM");
process.disconnect?.();
