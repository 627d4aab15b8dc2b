import { hostname } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Worker } from "bullmq";
import { WedgedError } from "../queues/errors.ts";
import { sayAlive, sayGoodbye } from "../queues/heartbeats.ts";
import type { PoolName } from "../queues/pools.ts";
import type { Services } from "./define-job.ts";
import type { RunningJobs } from "./running-jobs.ts";

const LOOK_EVERY_MS = 5_000;
const WEDGED_AFTER_MS = 30_000;

export interface LivenessOptions {
  readonly id: string;
  readonly services: Services;
  readonly workers: readonly Worker[];
  readonly running: RunningJobs;
  readonly onWedged: ((error: Error) => void) | undefined;
  readonly lookEveryMs?: number;
  readonly wedgedAfterMs?: number;
}

/**
 * Proves that this process works: its event loop turns, and what waits is taken. A worker that BullMQ calls running may
 * have a fetching connection that never returns; then work waits that it has room for, and it takes none. While Redis is
 * away nothing is proven, and nothing held against anyone.
 */
export class Liveness implements AsyncDisposable {
  readonly #options: LivenessOptions;
  readonly #lag = monitorEventLoopDelay({ resolution: 20 });
  readonly #startedAt = new Date().toISOString();
  readonly #timer: NodeJS.Timeout;
  /** Since when a pool has had work and room here and has taken nothing. */
  readonly #idleSince = new Map<PoolName, number>();

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#lag.enable();
    for (const worker of options.workers) {
      worker.on("active", () => this.#idleSince.delete(worker.name as PoolName));
    }
    this.#timer = setInterval(() => {
      this.report().catch(() => this.#idleSince.clear());
    }, options.lookEveryMs ?? LOOK_EVERY_MS).unref();
  }

  async report(): Promise<void> {
    const { id, services, workers, running } = this.#options;
    await sayAlive(services.queues, {
      id,
      host: hostname(),
      pid: process.pid,
      pools: workers.map((worker) => worker.name as PoolName),
      running: running.count(),
      eventLoopLagMs: Math.round(this.#lag.percentile(99) / 1e6),
      rssBytes: process.memoryUsage.rss(),
      startedAt: this.#startedAt,
      at: new Date().toISOString(),
    });
    this.#lag.reset();
    for (const worker of workers) await this.#judge(worker);
  }

  async #judge(worker: Worker): Promise<void> {
    const { running, onWedged, wedgedAfterMs = WEDGED_AFTER_MS } = this.#options;
    const pool = worker.name as PoolName;
    const hasRoom = !worker.isPaused() && running.count(pool) < worker.concurrency;
    if (!hasRoom || !(await this.#workMayBeTaken(pool))) {
      this.#idleSince.delete(pool);
      return;
    }
    const since = this.#idleSince.get(pool) ?? Date.now();
    this.#idleSince.set(pool, since);
    const idleMs = Date.now() - since;
    if (idleMs < wedgedAfterMs) return;
    this.#idleSince.delete(pool);
    onWedged?.(new WedgedError(pool, idleMs));
  }

  async #workMayBeTaken(pool: PoolName): Promise<boolean> {
    const queue = this.#options.services.queues.of[pool];
    const [counts, paused, maxed] = await Promise.all([
      queue.getJobCounts("waiting", "prioritized"),
      queue.isPaused(),
      queue.isMaxed(),
    ]);
    return (counts.waiting ?? 0) + (counts.prioritized ?? 0) > 0 && !paused && !maxed;
  }

  async [Symbol.asyncDispose]() {
    clearInterval(this.#timer);
    this.#lag.disable();
    await sayGoodbye(this.#options.services.queues, this.#options.id);
  }
}
