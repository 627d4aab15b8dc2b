import { setTimeout as pause } from "node:timers/promises";
import { JobNotFoundError } from "./errors.ts";
import type { JobView } from "./job-view.ts";
import { findJob } from "./jobs.ts";
import type { Queues } from "./queues.ts";

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

/**
 * The job now, then again each time its state or progress has changed, until it has ended. It is asked for, at most every
 * quarter second: the event stream of a busy pool carries every job of the pool to everyone who wants to know of one.
 */
export async function* watchJob(queues: Queues, id: string, signal?: AbortSignal): AsyncGenerator<JobView> {
  let last = "";
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal?.aborted) {
    const view = await findJob(queues, id);
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

/** Resolves with the job when it has ended, however it ended. */
export async function untilEnded(queues: Queues, id: string, signal?: AbortSignal): Promise<JobView> {
  let last: JobView | undefined;
  for await (const view of watchJob(queues, id, signal)) last = view;
  signal?.throwIfAborted();
  if (!last) throw new JobNotFoundError(id);
  return last;
}
