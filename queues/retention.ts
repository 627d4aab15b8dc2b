import type { JobsOptions } from "bullmq";

const DAY_S = 24 * 60 * 60;

/** How long Redis remembers, in one place. The tables and the dead letters are the lasting record. */
export const retention = {
  completed: { age: DAY_S, count: 5_000 },
  failed: { age: 14 * DAY_S, count: 5_000 },
  /** Entries of a pool's event stream, about. */
  events: 1_000,
  /** Lines of a job's own log. */
  logLines: 100,
  inputBytes: 64 * 1024,
  outputBytes: 1_024,
} as const;

export interface RetryPolicy {
  readonly attempts: number;
  readonly backoffMs: number;
}

export function jobOptions({ attempts, backoffMs }: RetryPolicy): JobsOptions {
  return {
    attempts,
    backoff: { type: "exponential", delay: backoffMs, jitter: 0.5 },
    removeOnComplete: retention.completed,
    removeOnFail: retention.failed,
    keepLogs: retention.logLines,
    stackTraceLimit: 3,
  };
}
