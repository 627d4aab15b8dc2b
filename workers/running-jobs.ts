import { CancelMessage, cancelChannel } from "../queues/cancel.ts";
import { CANCELLED } from "../queues/job-view.ts";
import type { PoolName } from "../queues/pools.ts";
import { connect, type Queues } from "../queues/queues.ts";
import { RunState, type StopReason } from "./run-state.ts";

const LOOK_EVERY_MS = 2_000;
const REMEMBERED = 1_000;

/**
 * The runs of this process, and how they hear that they are cancelled: by message at once, and by looking at their
 * own mark in Redis every other second, for a message finds no one while a connection is down.
 */
export class RunningJobs implements AsyncDisposable {
  readonly #queues: Queues;
  readonly #runs = new Map<string, { readonly run: RunState; readonly pool: PoolName }>();
  readonly #listener: ReturnType<typeof connect>;
  readonly #timer: NodeJS.Timeout;
  /** A message may come between the moment a job is taken and the moment its run is known here. */
  readonly #early = new Set<string>();

  constructor(queues: Queues) {
    this.#queues = queues;
    this.#listener = connect(queues.address, "worker");
    this.#listener.on("message", (_channel: string, text: string) => this.#hear(text));
    this.#listener.subscribe(cancelChannel(queues.address.prefix)).catch(() => undefined);
    this.#timer = setInterval(() => void this.#look().catch(() => undefined), LOOK_EVERY_MS).unref();
  }

  start(id: string, pool: PoolName): RunState {
    const run = new RunState(id);
    this.#runs.set(id, { run, pool });
    if (this.#early.delete(id)) run.stop("cancelled");
    return run;
  }

  /** A later run of the same job may have taken the place of one that lost its lock. */
  end(run: RunState): void {
    if (this.#runs.get(run.id)?.run === run) this.#runs.delete(run.id);
  }

  has(id: string): boolean {
    return this.#runs.has(id);
  }

  stop(id: string, reason: StopReason): void {
    this.#runs.get(id)?.run.stop(reason);
  }

  stopAll(reason: StopReason): void {
    for (const { run } of this.#runs.values()) run.stop(reason);
  }

  count(pool?: PoolName): number {
    if (pool === undefined) return this.#runs.size;
    let count = 0;
    for (const entry of this.#runs.values()) if (entry.pool === pool) count++;
    return count;
  }

  #hear(text: string): void {
    for (const id of CancelMessage.parse(JSON.parse(text))) {
      if (this.#runs.has(id)) this.stop(id, "cancelled");
      else this.#remember(id);
    }
  }

  #remember(id: string): void {
    this.#early.add(id);
    const [oldest] = this.#early;
    if (this.#early.size > REMEMBERED && oldest !== undefined) this.#early.delete(oldest);
  }

  async #look(): Promise<void> {
    const runs = [...this.#runs.values()];
    if (runs.length === 0) return;
    const pipeline = this.#queues.redis.pipeline();
    for (const { run, pool } of runs) pipeline.hget(this.#queues.of[pool].toKey(run.id), "defa");
    const answers = (await pipeline.exec()) ?? [];
    for (const [at, { run }] of runs.entries()) if (answers[at]?.[1] === CANCELLED) run.stop("cancelled");
  }

  async [Symbol.asyncDispose]() {
    clearInterval(this.#timer);
    this.#listener.disconnect();
  }
}
