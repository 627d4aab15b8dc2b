import { hash } from "node:crypto";
import type { Logger } from "pino";
import type { EventLine } from "../data/observer/event.ts";
import { lineOf, type ObserverEvent } from "../data/observer/event.ts";
import { inboxOf } from "../data/observer/inbox.ts";
import { workOf } from "../queues/job-id.ts";
import { Nudge } from "../queues/nudge.ts";
import type { Outcome } from "../queues/outcomes.ts";
import type { PoolName } from "../queues/pools.ts";
import type { AnyJob, Services } from "./define-job.ts";
import { observerAppend } from "./observer/observer-append/job.ts";

const GATHER_MS = 500;
const ID_CHARS = 128;
/** What waits for a lake that takes no writes; beyond it the oldest go, for work comes before its record. */
const WAITING_MOST = 20_000;

interface EndedJob {
  readonly id?: string | undefined;
  readonly name: string;
  readonly processedOn?: number | undefined;
  readonly attemptsMade: number;
  readonly parent?: { readonly id?: string } | undefined;
}

interface JobEventOptions {
  readonly jobOf: (kind: string) => AnyJob;
  readonly concurrency?: number | undefined;
}

/**
 * Tells the observer how the jobs of this process end: what kind, how long, which error, under which settings, and never
 * their inputs. The events are gathered for half a second and stored together; none of it can fail a job. Taking events
 * in is no event, for each would be the cause of the next.
 */
export class JobEvents implements AsyncDisposable {
  readonly #services: Services;
  readonly #options: JobEventOptions;
  readonly #nudge: Nudge<Record<string, never>>;
  readonly #log: Logger;
  readonly #asking = new Set<Promise<void>>();
  #waiting: EventLine[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(services: Services, options: JobEventOptions) {
    this.#services = services;
    this.#options = options;
    this.#log = services.log;
    this.#nudge = new Nudge(services.queues, observerAppend, {});
    // What was stored by a process that died before it could ask.
    this.#nudge.soon();
  }

  ended(pool: PoolName, job: EndedJob, outcome: Outcome, error?: Error): void {
    const startedAt = job.processedOn ?? Date.now();
    // What ends a job for good comes wrapped in BullMQ's own error.
    const cause = error?.cause instanceof Error && error.name === "UnrecoverableError" ? error.cause : error;
    this.#take(`${job.id}.${startedAt}.${outcome}`, {
      ...this.#common(pool, job.name, job.id ?? ""),
      success: outcome === "completed",
      duration_ms: Math.max(0, Date.now() - startedAt),
      ...(error && { error: error.message.slice(0, 4_000) }),
      attributes: {
        outcome,
        attempt: job.attemptsMade,
        ...(cause && "code" in cause && { code: String(cause.code).slice(0, 100) }),
        ...(cause && { error_name: cause.name.slice(0, 100) }),
      },
    });
  }

  stalled(pool: PoolName, id: string): void {
    const told = this.#tellStalled(pool, id, Date.now())
      .catch((error: unknown) => this.#log.warn({ err: error, id }, "A stall could not be told"))
      .finally(() => this.#asking.delete(told));
    this.#asking.add(told);
  }

  /** The id of a part begins with its parent's kind, so the job itself is asked for its own. */
  async #tellStalled(pool: PoolName, id: string, timestamp: number): Promise<void> {
    const { redis, of } = this.#services.queues;
    const kind = await redis.hget(of[pool].toKey(id), "name");
    // Removed since, as a cancelled job is: nobody will try it again.
    if (kind === null) return;
    this.#take(`${id}.${timestamp}.stalled`, {
      ...this.#common(pool, kind, id),
      timestamp,
      success: false,
      error: "The worker of this job died, or held its event loop past the lock",
      attributes: { outcome: "stalled" },
    });
  }

  #common(pool: PoolName, kind: string, id: string) {
    return {
      source: "jobs",
      timestamp: Date.now(),
      event_kind: kind,
      role: pool,
      // Attempts and repetitions of one piece of work are one scope, however often it runs.
      run_id: fitting(workOf(id) ?? id),
      config: this.#configOf(kind),
    };
  }

  #configOf(kind: string): Record<string, unknown> {
    const { concurrency } = this.#options;
    const base = { node: process.versions.node.split(".")[0], ...(concurrency && { concurrency }) };
    try {
      const { attempts, backoffMs, timeoutMs } = this.#options.jobOf(kind);
      return { ...base, attempts, backoffMs, timeoutMs };
    } catch {
      return base;
    }
  }

  #take(id: string, event: ObserverEvent): void {
    if (event.event_kind === observerAppend.kind) return;
    const line = lineOf(event, fitting(id));
    if (typeof line === "string") return;
    if (this.#waiting.length >= WAITING_MOST) this.#waiting.shift();
    this.#waiting.push(line);
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS).unref();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#waiting;
    if (lines.length === 0) return;
    this.#waiting = [];
    try {
      await inboxOf(this.#services.lake.storage).store(lines);
      this.#nudge.soon();
    } catch (error) {
      this.#log.warn({ err: error, events: lines.length }, "Events of jobs could not be stored");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    // These ask Redis, which may be away; what needs no answer is stored by now.
    await Promise.all(this.#asking);
    await this.flush();
  }
}

/** The ids of parts of parts tell them apart at their ends, so that what is too long is not just cut off. */
function fitting(id: string): string {
  return id.length <= ID_CHARS ? id : hash("sha256", id);
}
