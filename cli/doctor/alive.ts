import { hostname } from "node:os";
import { workerHeard } from "../../queues/heartbeats.ts";
import { openQueues, type Queues } from "../../queues/queues.ts";
import { lookForRedis } from "../../queues/redis/outlook.ts";
import { serverFolder } from "../../queues/redis/server-folder.ts";
import { schedulerHeard } from "../../scheduler/heartbeat.ts";
import { CliFailure } from "../failure.ts";
import type { CliSettings } from "../settings.ts";

export const processNames = ["api", "scheduler", "worker"] as const;
export type ProcessName = (typeof processNames)[number];

/** Whether the process of this machine lives, as a container's health check asks; rejects when it does not. */
export async function checkAlive(name: ProcessName, settings: CliSettings): Promise<void> {
  const alive = name === "api" ? await apiAnswers(settings) : await isHeard(name, settings);
  if (!alive) throw new CliFailure(`No ${name} process of this machine was heard of lately.`);
}

async function apiAnswers({ api }: CliSettings): Promise<boolean> {
  const everywhere = ["0.0.0.0", "::"].includes(api.host);
  const response = await fetch(`http://${everywhere ? "127.0.0.1" : api.host}:${api.port}/health`, {
    signal: AbortSignal.timeout(5_000),
  });
  return response.ok;
}

async function isHeard(name: "scheduler" | "worker", settings: CliSettings): Promise<boolean> {
  const dir = serverFolder(settings.lakeUrl, settings.cache.dir);
  const { url, facts } = await lookForRedis({ redisUrl: settings.redisUrl, dir });
  if (url === undefined || !facts) return false;
  await using queues = openQueues({ redisUrl: url, prefix: settings.queuePrefix }, { role: "worker" });
  const heard: (queues: Queues, host: string) => Promise<boolean> =
    name === "worker" ? workerHeard : schedulerHeard;
  return await heard(queues, hostname());
}
