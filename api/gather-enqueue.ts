import type { EnqueuedJob } from "../queues/contract.ts";
import { accept, enqueueAccepted } from "../queues/enqueue.ts";
import type { IntakeRecord } from "../queues/intake.ts";
import type { PoolName } from "../queues/pools.ts";
import type { Queues } from "../queues/queues.ts";
import type { AnyJob } from "../workers/define-job.ts";

interface Asked {
  readonly record: IntakeRecord;
  readonly resolve: (job: EnqueuedJob) => void;
  readonly reject: (error: unknown) => void;
}

/** Few, so that Redis has some while the disk has the next and others are still being read. */
const MOST = 32;
const gatherings = new WeakMap<Queues, Map<PoolName, Gathering>>();

/**
 * Enqueues one input together with all for the same pool that other requests bring in the same turn of the event loop, or
 * while those before are being written: many callers then share one write to the lake and one to Redis. Each is judged
 * before it joins, so none is refused for another.
 */
export async function gatherEnqueue(queues: Queues, job: AnyJob, input: unknown): Promise<EnqueuedJob> {
  const record = accept(job, input);
  const pools = gatherings.get(queues) ?? new Map<PoolName, Gathering>();
  gatherings.set(queues, pools);
  const gathering = pools.get(job.pool) ?? new Gathering(queues, job.pool);
  pools.set(job.pool, gathering);
  return new Promise((resolve, reject) => gathering.join({ record, resolve, reject }));
}

class Gathering {
  readonly #queues: Queues;
  readonly #pool: PoolName;
  #waiting: Asked[] = [];
  /** The next are on their way, or those before are being written and take them along. */
  #due = false;

  constructor(queues: Queues, pool: PoolName) {
    this.#queues = queues;
    this.#pool = pool;
  }

  join(asked: Asked): void {
    this.#waiting.push(asked);
    if (this.#due) return;
    this.#due = true;
    setImmediate(() => this.#next());
  }

  #next(): void {
    const asked = this.#waiting.splice(0, MOST);
    this.#due = asked.length > 0;
    if (this.#due) void this.#enqueue(asked);
  }

  /** Redis has these while the disk has the next. */
  async #enqueue(asked: readonly Asked[]): Promise<void> {
    let recorded = false;
    const goOn = () => {
      if (!recorded) this.#next();
      recorded = true;
    };
    try {
      const records = asked.map(({ record }) => record);
      const enqueued = await enqueueAccepted(this.#queues, this.#pool, records, goOn);
      for (const [at, { resolve }] of asked.entries()) resolve(enqueued[at] as EnqueuedJob);
    } catch (error) {
      goOn();
      for (const { reject } of asked) reject(error);
    }
  }
}
