import { Gauge, type Registry } from "prom-client";
import { listWorkers } from "../queues/heartbeats.ts";
import { outcomeBucketsS, readOutcomes } from "../queues/outcomes.ts";
import { allPoolStatus, type PoolStatus } from "../queues/pool-status.ts";
import type { Queues } from "../queues/queues.ts";
import { listSchedulers } from "../scheduler/heartbeat.ts";
import type { RedisState } from "./redis-state.ts";

/** Reads the state of the whole cluster when it is scraped; any API process gives the same numbers. */
export function clusterMetrics(registry: Registry, redis: RedisState) {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `millrace_${name}`, help, labelNames, registers: [registry] });
  const up = gauge("redis_up", "1 while Redis answers");
  const depth = gauge("queue_jobs", "Jobs of a pool by state", ["pool", "state"]);
  const age = gauge("queue_oldest_waiting_seconds", "How long the oldest waiting job of a pool has waited", [
    "pool",
  ]);
  const paused = gauge("pool_paused", "1 while a pool takes no jobs", ["pool"]);
  const serving = gauge("pool_workers", "Processes that serve a pool", ["pool"]);
  const worstLag = gauge("worker_event_loop_lag_seconds", "Event-loop lag of the slowest worker process");
  const schedulers = gauge("schedulers", "Processes that keep the clock");
  const all = [depth, age, paused, serving, worstLag, schedulers];

  const show = ({ pool, counts, oldestWaitingMs, paused: isPaused }: PoolStatus) => {
    const { completed: _kept, failed, ...open } = counts;
    for (const [state, count] of Object.entries({ ...open, failed })) depth.set({ pool, state }, count);
    age.set({ pool }, (oldestWaitingMs ?? 0) / 1_000);
    paused.set({ pool }, isPaused ? 1 : 0);
  };

  return async (queues: Queues) => {
    for (const metric of all) metric.reset();
    up.set(0);
    if (redis.away) return;
    try {
      const reading = Promise.all([allPoolStatus(queues), listWorkers(queues), listSchedulers(queues)]);
      const [statuses, workers, clocks] = await redis.orAway(reading);
      up.set(1);
      for (const status of statuses) {
        show(status);
        serving.set({ pool: status.pool }, workers.filter(({ pools }) => pools.includes(status.pool)).length);
      }
      schedulers.set(clocks.length);
      worstLag.set(Math.max(0, ...workers.map(({ eventLoopLagMs }) => eventLoopLagMs)) / 1_000);
    } catch {
      // A scrape is answered also while Redis is away: `millrace_redis_up` is then what it has to say.
      for (const metric of all) metric.reset();
    }
  };
}

/** The runs of every kind as a Prometheus histogram. Prom-client only has ones that this process has counted itself. */
export async function outcomeLines(queues: Queues): Promise<string> {
  const name = "millrace_job_seconds";
  const sums = await readOutcomes(queues);
  const lines = sums.flatMap(({ kind, outcome, count, seconds, within }) => {
    const labels = `kind="${kind}",outcome="${outcome}"`;
    return [
      ...outcomeBucketsS.map((bound, at) => `${name}_bucket{${labels},le="${bound}"} ${within[at] ?? 0}`),
      `${name}_bucket{${labels},le="+Inf"} ${count}`,
      `${name}_sum{${labels}} ${seconds}`,
      `${name}_count{${labels}} ${count}`,
    ];
  });
  const head = [`# HELP ${name} Run time of jobs by kind and how the run ended`, `# TYPE ${name} histogram`];
  return lines.length === 0 ? "" : `${[...head, ...lines].join("\n")}\n`;
}
