import type { EnqueuedJob } from "../queues/contract.ts";
import { accept, enqueueAccepted } from "../queues/enqueue.ts";
import type { IntakeRecord } from "../queues/intake-line.ts";
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
 * Enqueues one input together with all for the same pool that other requests bring in the same turn of the event loop:
 * many callers then share one request to Redis, and the intake writes together what comes while it writes. Each is judged
 * before it joins, so none is refused for another.
 */
export function gatherEnqueue(queues: Queues, job: AnyJob, input: unknown): Promise<EnqueuedJob> {
  return new Promise((resolve, reject) => {
    const record = accept(job, input);
    gatheringOf(queues, job.pool).join({ record, resolve, reject });
  });
}

function gatheringOf(queues: Queues, pool: PoolName): Gathering {
  const pools = gatherings.get(queues) ?? new Map<PoolName, Gathering>();
  gatherings.set(queues, pools);
  const gathering = pools.get(pool) ?? new Gathering(queues, pool);
  pools.set(pool, gathering);
  return gathering;
}

class Gathering {
  readonly #queues: Queues;
  readonly #pool: PoolName;
  #waiting: Asked[] = [];

  constructor(queues: Queues, pool: PoolName) {
    this.#queues = queues;
    this.#pool = pool;
  }

  join(asked: Asked): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#enqueueWaiting());
    this.#waiting.push(asked);
  }

  #enqueueWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length; from += MOST)
      void this.#enqueue(waiting.slice(from, from + MOST));
  }

  async #enqueue(asked: readonly Asked[]): Promise<void> {
    try {
      const records = asked.map(({ record }) => record);
      const enqueued = await enqueueAccepted(this.#queues, this.#pool, records);
      for (const [at, { resolve }] of asked.entries()) resolve(enqueued[at] as EnqueuedJob);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}
