import { listWorkers } from "../../queues/heartbeats.ts";
import { poolNames } from "../../queues/pools.ts";
import { openQueues } from "../../queues/queues.ts";
import { lookForRedis, type RedisOutlook } from "../../queues/redis/outlook.ts";
import { serverFolder } from "../../queues/redis/server-folder.ts";
import type { CliSettings } from "../settings.ts";
import type { Check } from "./finding.ts";

/** Redis and who works on its queues: the second is asked of what the first found. */
export function clusterChecks(settings: CliSettings): Check[] {
  const dir = serverFolder(settings.lakeUrl, settings.cache.dir);
  const outlook = lookForRedis({ redisUrl: settings.redisUrl, dir });
  return [
    { name: "Redis", look: async () => findingOf(await outlook) },
    { name: "workers", look: async () => workersOf(await outlook, settings.queuePrefix) },
  ];
}

const steps: Readonly<Record<RedisOutlook["step"], string>> = {
  given: "given by REDIS_URL",
  running: "runs for this lake",
  "on-path": "none runs; one on PATH will be started",
  fetched: "none runs; the one fetched before will be started",
  "to-fetch": "none runs or is installed; one will be fetched with apt-get",
  none: "none runs or is installed, and none can be fetched",
};

function findingOf({
  step,
  place,
  facts,
  program,
  trouble,
}: RedisOutlook): Awaited<ReturnType<Check["look"]>> {
  const said = [steps[step], program];
  if (facts) {
    said.push(
      `${place}, ${facts.product} ${facts.version}`,
      facts.evictionPolicy ?? "eviction policy unknown",
      facts.appendOnly ? "append-only file on" : "append-only file off",
    );
  }
  const found = [...said, trouble].filter((part) => part !== undefined).join(", ");
  if (step === "none") {
    return { status: "fail", found, next: "Install redis-server or valkey, or set REDIS_URL." };
  }
  if (trouble !== undefined && (step === "given" || step === "running")) {
    return { status: "fail", found, next: "Mend it or set REDIS_URL to another; there is no fall-back." };
  }
  if (facts && !facts.appendOnly) {
    return {
      status: "warn",
      found,
      next: "Turn on appendonly: what waits is queued again from the lake, but later.",
    };
  }
  return { status: "ok", found };
}

async function workersOf(
  { url, facts }: RedisOutlook,
  prefix: string,
): Promise<Awaited<ReturnType<Check["look"]>>> {
  if (url === undefined) return { status: "ok", found: "no cluster runs; commands bring up their own" };
  if (!facts) {
    return { status: "warn", found: "not known while Redis is down", next: "Start Redis and ask again." };
  }
  await using queues = openQueues({ redisUrl: url, prefix }, { role: "worker" });
  const workers = await listWorkers(queues);
  const served = new Set(workers.flatMap(({ pools }) => pools));
  const unserved = poolNames.filter((pool) => !served.has(pool));
  if (unserved.length === 0) return { status: "ok", found: `${workers.length} processes serve every pool` };
  return {
    status: "warn",
    found: `${workers.length} processes; nobody serves ${unserved.join(", ")}`,
    next: `millrace worker --pool ${unserved.join(",")}`,
  };
}
