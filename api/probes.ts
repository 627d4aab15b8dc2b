import type { Registry } from "prom-client";
import { z } from "zod";
import type { Queues } from "../queues/queues.ts";
import { outcomeLines } from "./cluster-metrics.ts";
import { type AnyRoute, defineRoute, defineStream } from "./define-route.ts";
import type { EventLoopLag } from "./event-loop-lag.ts";
import { Problem } from "./problem.ts";
import type { RedisState } from "./redis-state.ts";

export interface ProbeParts {
  readonly redis: RedisState;
  readonly eventLoop: EventLoopLag;
  readonly lakeTakesWrites: () => Promise<boolean>;
  readonly registry: Registry;
  readonly readCluster: (queues: Queues) => Promise<void>;
}

/** What orchestrators and Prometheus ask of a process, rather than callers of the cluster. */
export function probeRoutes(parts: ProbeParts): Readonly<Record<string, AnyRoute>> {
  return { health: health(parts), ready: ready(parts), metrics: metrics(parts) };
}

function health({ eventLoop }: ProbeParts) {
  return defineRoute({
    summary: "Whether this process lives; asks nothing of others, so that their trouble does not restart it",
    method: "get",
    path: "/health",
    role: "anyone",
    withoutRedis: true,
    status: 200,
    reply: z
      .strictObject({ status: z.literal("alive"), uptimeS: z.number(), eventLoopLagMs: z.number() })
      .meta({ id: "Health" }),
    handle: async () => ({
      status: "alive" as const,
      uptimeS: Math.round(process.uptime()),
      eventLoopLagMs: eventLoop.worstMs(),
    }),
  });
}

function ready({ redis, lakeTakesWrites }: ProbeParts) {
  return defineRoute({
    summary: "Whether requests would succeed: Redis answers and the lake takes writes; else 503",
    method: "get",
    path: "/ready",
    role: "anyone",
    withoutRedis: true,
    status: 200,
    reply: z.strictObject({ redis: z.literal(true), lake: z.literal(true) }).meta({ id: "Ready" }),
    async handle() {
      const lake = await lakeTakesWrites();
      if (redis.away || !lake) {
        const missing = [redis.away && "Redis does not answer", !lake && "the lake takes no writes"];
        throw new Problem("unavailable", `${missing.filter(Boolean).join(" and ")}.`, {
          headers: { "retry-after": "2" },
        });
      }
      return { redis: true as const, lake: true as const };
    },
  });
}

function metrics({ redis, registry, readCluster }: ProbeParts) {
  return defineStream({
    summary: "Metrics in Prometheus's text format",
    method: "get",
    path: "/metrics",
    role: "read",
    withoutRedis: true,
    status: 200,
    streams: ["text/plain"],
    async stream({ queues }, response) {
      await readCluster(queues);
      const own = await registry.metrics();
      const jobs = redis.away ? "" : await redis.orAway(outcomeLines(queues)).catch(() => "");
      response.writeHead(200, { "content-type": registry.contentType });
      response.end(`${own}${jobs}`);
    },
  });
}
