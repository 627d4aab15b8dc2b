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

const MOST = 1_000;
const gathering = new WeakMap<Queues, Map<PoolName, Asked[]>>();

/**
 * Enqueues one input together with all for the same pool that other requests bring in the same turn of the event loop:
 * many callers then share one write to the lake and one to Redis. Each is judged before it joins, so none is refused for
 * another.
 */
export async function gatherEnqueue(queues: Queues, job: AnyJob, input: unknown): Promise<EnqueuedJob> {
  const record = accept(job, input);
  return new Promise((resolve, reject) => {
    const pools = gathering.get(queues) ?? new Map<PoolName, Asked[]>();
    gathering.set(queues, pools);
    const asked = pools.get(job.pool);
    if (asked && asked.length < MOST) {
      asked.push({ record, resolve, reject });
      return;
    }
    const first = [{ record, resolve, reject }];
    pools.set(job.pool, first);
    setImmediate(() => {
      if (pools.get(job.pool) === first) pools.delete(job.pool);
      void enqueueTogether(queues, job.pool, first);
    });
  });
}

async function enqueueTogether(queues: Queues, pool: PoolName, asked: readonly Asked[]): Promise<void> {
  try {
    const enqueued = await enqueueAccepted(
      queues,
      pool,
      asked.map(({ record }) => record),
    );
    for (const [at, { resolve }] of asked.entries()) resolve(enqueued[at] as EnqueuedJob);
  } catch (error) {
    for (const { reject } of asked) reject(error);
  }
}
