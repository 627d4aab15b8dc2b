import { setTimeout as pause } from "node:timers/promises";
import { JobNotFoundError, RedisUnavailableError } from "./errors.ts";
import type { JobView } from "./job-view.ts";
import { findJob } from "./jobs.ts";
import type { Queues } from "./queues.ts";

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;
const PATIENCE_MS = 30_000;

/**
 * The job now, then again each time its state or progress has changed, until it has ended. It is asked for, at most every
 * quarter second: the event stream of a busy pool carries every job of the pool to everyone who wants to know of one.
 * While Redis is silent it is asked again for half a minute: the job goes on, or waits for Redis as well.
 */
export async function* watchJob(queues: Queues, id: string, signal?: AbortSignal): AsyncGenerator<JobView> {
  const look = patientLook(queues, id);
  let last = "";
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal?.aborted) {
    const view = await look();
    const now = view ? stageOf(view) : last;
    if (view && now !== last) {
      last = now;
      pauseMs = FIRST_PAUSE_MS;
      yield view;
    }
    if (view?.state === "completed" || view?.state === "failed") return;
    await pause(pauseMs, undefined, signal ? { signal } : {}).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
  }
}

/** What those who watch are told of. */
function stageOf({ state, progress, attempts, error }: JobView): string {
  return JSON.stringify([state, progress, attempts.made, error]);
}

/** Finds the job; undefined while Redis is silent, as long as that may last. */
function patientLook(queues: Queues, id: string): () => Promise<JobView | undefined> {
  let answeredAt = Date.now();
  return async () => {
    try {
      const view = await findJob(queues, id);
      if (!view) throw new JobNotFoundError(id);
      answeredAt = Date.now();
      return view;
    } catch (error) {
      if (error instanceof RedisUnavailableError && Date.now() - answeredAt < PATIENCE_MS) return undefined;
      throw error;
    }
  };
}

/** Resolves with the job when it has ended, however it ended. */
export async function untilEnded(queues: Queues, id: string, signal?: AbortSignal): Promise<JobView> {
  let last: JobView | undefined;
  for await (const view of watchJob(queues, id, signal)) last = view;
  signal?.throwIfAborted();
  if (!last) throw new JobNotFoundError(id);
  return last;
}
