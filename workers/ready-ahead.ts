import { setTimeout as pause } from "node:timers/promises";
import { type PoolName, poolBefore } from "../queues/pools.ts";
import type { AnyJob, Services } from "./define-job.ts";

const LOOK_EVERY_MS = 1_000;

export interface ReadyAheadOptions {
  readonly pools: readonly PoolName[];
  readonly kinds: readonly AnyJob[];
  readonly lookEveryMs?: number;
}

/**
 * Loads the code and the engine of pools whose work follows on that of another pool, as soon as that one has some: the
 * first job then need not wait for them. Until then an idle process stays small. Nothing depends on it.
 */
export function readyAhead(services: Services, options: ReadyAheadOptions): Disposable {
  const stop = new AbortController();
  for (const pool of options.pools) void getReady(services, options, pool, stop.signal);
  return { [Symbol.dispose]: () => stop.abort() };
}

async function getReady(
  { lake, queues, log }: Services,
  { kinds, lookEveryMs = LOOK_EVERY_MS }: ReadyAheadOptions,
  pool: PoolName,
  signal: AbortSignal,
): Promise<void> {
  const before = poolBefore(pool);
  if (!before) return;
  // While Redis is away nobody works.
  while ((await queues.of[before].getActiveCount().catch(() => 0)) === 0) {
    await pause(lookEveryMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
  }
  try {
    for (const kind of kinds) if (kind.pool === pool) await kind.load();
    if (signal.aborted) return;
    await lake.duckdb();
    log.debug({ pool }, "Ready for work that is to come");
  } catch (error) {
    log.debug({ pool, error }, "Not ready ahead; the first job will say what is missing");
  }
}
