import { setTimeout as pause } from "node:timers/promises";
import type { Job as BullJob } from "bullmq";
import type { Logger } from "pino";
import { excuse, unexcuse } from "../queues/job-fields.ts";
import type { PoolName } from "../queues/pools.ts";
import type { Queues } from "../queues/queues.ts";
import type { RunState } from "./run-state.ts";

/** So many lost workers may be chance; from then on a job keeps away from those that were lost with it. */
const SUSPECT_STALLS = 3;

export interface Separation {
  readonly queues: Queues;
  readonly pool: PoolName;
  readonly longestApartMs: number;
  readonly log: Logger;
}

/**
 * Jobs that were lost with one process come back together, and the one that killed it would take the others along each
 * time, until all looked guilty. Once for each further loss a suspect waits in its slot for a while of its own. Who dies
 * meanwhile was not its doing.
 */
export async function keepApart(
  { queues, pool, longestApartMs, log }: Separation,
  { id = "", stalledCounter }: BullJob,
  token: string,
  run: RunState,
): Promise<void> {
  if (stalledCounter < SUSPECT_STALLS || !(await excuse(queues, pool, id, stalledCounter))) return;
  log.warn(
    { id, lost: stalledCounter },
    "This job has lost many workers; it waits apart from others before it starts",
  );
  await pause(Math.random() * longestApartMs, undefined, { signal: run.signal }).catch(() => undefined);
  const judged = run.stopped === undefined ? stalledCounter : undefined;
  await unexcuse(queues, pool, id, { token, judged });
  run.throwIfStopped();
}
