import type { Job as BullJob } from "bullmq";
import { ZodError, z } from "zod";
import { DataError } from "../data/errors.ts";
import { writeDeadLetter } from "../queues/dead-letters.ts";
import { InputTooLargeError } from "../queues/errors.ts";
import { markLettered } from "../queues/job-fields.ts";
import { logOf } from "../queues/jobs.ts";
import type { PoolName } from "../queues/pools.ts";
import type { Queues } from "../queues/queues.ts";
import type { StoredJob } from "../queues/stored-job.ts";

const LOG_LINES = 20;

/** Trying again reads the same and fails the same way. */
export function isBeyondRetry(error: unknown): boolean {
  return error instanceof DataError || error instanceof ZodError || error instanceof InputTooLargeError;
}

/** The disk, the user's share of it, or what the system lets this process write. */
const full: readonly string[] = ["ENOSPC", "EDQUOT", "EFBIG"];

/** What has no room left, said so that somebody can help, and when to look again. */
export interface NoRoom {
  readonly says: string;
  readonly pauseMs: number;
}

/** Every job of this process would fail so, and none is to blame. */
export function noRoomOf(error: unknown): NoRoom | undefined {
  if (!(error instanceof Error)) return undefined;
  if (isRedisFull(error)) return { says: "Redis is full; give it more memory or disk", pauseMs: 5_000 };
  const code = "code" in error ? error.code : undefined;
  const isDiskFull =
    full.includes(String(code)) || /No space left on device|File too large/i.test(error.message);
  return isDiskFull ? { says: "The disk is full; free some space", pauseMs: 60_000 } : undefined;
}

/** Redis takes nothing more: its memory is at its limit, or its disk is full. */
export function isRedisFull(error: unknown): boolean {
  return error instanceof Error && /^(OOM|MISCONF) /.test(error.message);
}

export function asError(thrown: unknown): Error {
  if (thrown instanceof ZodError) {
    return Object.assign(new Error(`The input does not fit its schema: ${z.prettifyError(thrown)}`), {
      name: "ZodError",
    });
  }
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Kept before the job is failed for good, so that no moment exists in which neither Redis nor the lake knows of it. */
export async function keepDeadLetter(
  queues: Queues,
  pool: PoolName,
  bull: BullJob<StoredJob>,
  error: Error,
): Promise<void> {
  const id = bull.id ?? "";
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  const { attempts = 1, backoff } = bull.opts;
  await writeDeadLetter(queues, {
    id,
    kind: bull.name,
    pool,
    input: bull.data.input,
    error: { name: error.name, message: error.message, ...code },
    attempts: bull.attemptsMade + 1,
    attemptsAllowed: attempts,
    backoffMs: typeof backoff === "object" ? (backoff.delay ?? 0) : 0,
    log: (await logOf(queues, pool, id)).slice(-LOG_LINES),
    failedAt: new Date().toISOString(),
    parentId: bull.parent?.id ?? null,
  });
  await markLettered(queues, pool, id);
}
