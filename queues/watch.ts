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
  let last = "";
  let pauseMs = FIRST_PAUSE_MS;
  let answeredAt = Date.now();
  while (!signal?.aborted) {
    const view = await findOrSilence(queues, id);
    if (view instanceof RedisUnavailableError) {
      if (Date.now() - answeredAt > PATIENCE_MS) throw view;
      await pause(LONGEST_PAUSE_MS, undefined, signal ? { signal } : {}).catch(() => undefined);
      continue;
    }
    answeredAt = Date.now();
    if (!view) throw new JobNotFoundError(id);
    const now = JSON.stringify([view.state, view.progress, view.attempts.made, view.error]);
    if (now !== last) {
      last = now;
      pauseMs = FIRST_PAUSE_MS;
      yield view;
    }
    if (view.state === "completed" || view.state === "failed") return;
    await pause(pauseMs, undefined, signal ? { signal } : {}).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
  }
}

async function findOrSilence(
  queues: Queues,
  id: string,
): Promise<JobView | RedisUnavailableError | undefined> {
  try {
    return await findJob(queues, id);
  } catch (error) {
    if (error instanceof RedisUnavailableError) return error;
    throw error;
  }
}

/** Resolves with the job when it has ended, however it ended. */
export async function untilEnded(queues: Queues, id: string, signal?: AbortSignal): Promise<JobView> {
  let last: JobView | undefined;
  for await (const view of watchJob(queues, id, signal)) last = view;
  signal?.throwIfAborted();
  if (!last) throw new JobNotFoundError(id);
  return last;
}
