import { once } from "node:events";
import { openSync } from "node:fs";
import { openApiLog } from "../../api/api-log.ts";
import { routes } from "../../api/routes.ts";
import { serveApi } from "../../api/serve.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { openQueues } from "../../queues/queues.ts";
import type { AnyJob } from "../../workers/define-job.ts";
import { errand } from "./errand.ts";

/** The API as it is served, with its lake and log, in a process of its own; it says its address on its parent's line. */
const [redisUrl = "", prefix = "", dir = ""] = process.argv.slice(2);
const duckdb = { memoryBytes: 2 ** 28, threads: 1, tempDir: `${dir}/temp` };
const log = openApiLog("info", openSync(`${dir}/api.log`, "a"));
await using lake = await openLake({ storage: openFolder(`${dir}/lake`), duckdb });
await using queues = openQueues({ redisUrl, prefix }, { store: lake.storage });
await using api = await serveApi({
  host: "127.0.0.1",
  port: 0,
  rateLimit: Number.MAX_SAFE_INTEGER,
  routes,
  services: {
    lake,
    queues,
    log,
    kinds: new Map([[errand.kind, errand as AnyJob]]),
    schedules: [],
    sql: { ...duckdb, timeoutMs: 1_000, maxRows: 1 },
  },
});
process.send?.(api.url);
await once(process, "SIGTERM");
process.disconnect?.();
