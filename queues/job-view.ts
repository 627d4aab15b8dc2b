import type { Job } from "bullmq";
import type { PoolName } from "./pools.ts";
import { Progress } from "./progress.ts";
import type { StoredJob } from "./stored-job.ts";

export const jobStates = ["waiting", "active", "delayed", "waiting-children", "completed", "failed"] as const;
export type JobState = (typeof jobStates)[number];

/** The reason of every cancelled job, by which it is told from one that failed. */
export const CANCELLED = "cancelled";

/** A job as the API, the CLI and the board show it. */
export interface JobView {
  readonly id: string;
  readonly kind: string;
  readonly pool: PoolName;
  /** `failed` as soon as a job is cancelled, for then nothing of it will run any more. */
  readonly state: JobState;
  readonly cancelled: boolean;
  readonly input: unknown;
  readonly progress: Progress | null;
  readonly attempts: { readonly made: number; readonly allowed: number };
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** Why it failed, or why its last attempt did while there are more. */
  readonly error: string | null;
  readonly output: unknown;
  readonly parentId: string | null;
}

export function viewOf(job: Job<StoredJob>, pool: PoolName, bullState: string): JobView {
  const ended = bullState === "completed" || bullState === "failed";
  const cancelled = job.failedReason === CANCELLED || job.deferredFailure === CANCELLED;
  const progress = Progress.safeParse(job.progress);
  return {
    id: job.id ?? "",
    kind: job.name,
    pool,
    state: cancelled && bullState !== "active" ? "failed" : stateOf(bullState),
    cancelled,
    input: job.data.input,
    progress: progress.success ? progress.data : null,
    attempts: { made: job.attemptsMade, allowed: job.opts.attempts ?? 1 },
    createdAt: new Date(job.timestamp).toISOString(),
    startedAt: timeOf(job.processedOn),
    finishedAt: ended ? timeOf(job.finishedOn) : null,
    error: errorOf(job, bullState, cancelled),
    output: bullState === "completed" ? (job.returnvalue ?? null) : null,
    parentId: job.parentKey?.slice(job.parentKey.lastIndexOf(":") + 1) ?? null,
  };
}

function errorOf(job: Job<StoredJob>, bullState: string, cancelled: boolean): string | null {
  if (cancelled) return CANCELLED;
  return bullState === "completed" ? null : job.failedReason || null;
}

function stateOf(bullState: string): JobState {
  return jobStates.find((state) => state === bullState) ?? "waiting";
}

function timeOf(ms: number | undefined): string | null {
  return ms ? new Date(ms).toISOString() : null;
}
