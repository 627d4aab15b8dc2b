import { z } from "zod";
import type { EnqueuedJob, JobContract } from "./contract.ts";
import { InputTooLargeError } from "./errors.ts";
import { type IntakeRecord, jsonOf } from "./intake-line.ts";
import { jobIdOf, newRequestId, workId } from "./job-id.ts";
import type { PoolName } from "./pools.ts";
import { queueRecords } from "./queue-records.ts";
import type { Queues } from "./queues.ts";
import { reach } from "./reach.ts";
import { retention } from "./retention.ts";
import { retryJob } from "./retry.ts";

export interface EnqueueOptions {
  /**
   * Names the request: asked again under the same name it is the same job, which runs again only if it has failed.
   * An idempotency key or the slot of a schedule. By default every request is one of its own.
   */
  readonly requestId?: string;
}

/**
 * Accepts work: checks it, records it for good, then queues it. When it rejects, nothing was accepted; when it resolves,
 * the work will be done even if all of Redis is lost.
 */
export async function enqueue<Input>(
  queues: Queues,
  contract: JobContract<Input>,
  input: Input,
  { requestId }: EnqueueOptions = {},
): Promise<EnqueuedJob> {
  const record = accept(contract, input, requestId);
  return reach(queues, async () => {
    const known = requestId === undefined ? undefined : await askedBefore(queues, record);
    if (known) return known;

    await queues.intake?.record([record]);
    return only(await queueAccepted(queues, record.pool, [record]));
  });
}

/** The same for many inputs of one kind, in a few steps instead of one each. None is accepted if one of them is wrong. */
export async function enqueueMany<Input>(
  queues: Queues,
  contract: JobContract<Input>,
  inputs: readonly Input[],
): Promise<EnqueuedJob[]> {
  return enqueueAccepted(
    queues,
    contract.pool,
    inputs.map((input) => accept(contract, input)),
  );
}

/** Records and queues together what `accept` has found to be right, whatever its kinds; all of it is for one pool. */
export async function enqueueAccepted(
  queues: Queues,
  pool: PoolName,
  records: readonly IntakeRecord[],
): Promise<EnqueuedJob[]> {
  return reach(queues, async () => {
    await queues.intake?.record(records);
    return queueAccepted(queues, pool, records);
  });
}

/** The caller of a producer hears that nothing was accepted, so nothing of it may come back later. */
async function queueAccepted(queues: Queues, pool: PoolName, records: readonly IntakeRecord[]) {
  try {
    return await queueRecords(queues, pool, records);
  } catch (error) {
    if (queues.role === "producer") for (const { id } of records) queues.intake?.ended(id);
    throw error;
  }
}

/** What one request comes to: a ZodError or an InputTooLargeError when it is not right. */
export function accept<Input>(contract: JobContract<Input>, input: Input, requestId?: string): IntakeRecord {
  const parsed = parseInput(contract, input);
  const inputJson = jsonOf(parsed);
  const sizeBytes = Buffer.byteLength(inputJson);
  if (sizeBytes > retention.inputBytes) {
    throw new InputTooLargeError(contract.kind, sizeBytes, retention.inputBytes);
  }
  return {
    id: jobIdOf(workId(contract, parsed), requestId ?? newRequestId()),
    kind: contract.kind,
    pool: contract.pool,
    inputJson,
    attempts: contract.attempts,
    backoffMs: contract.backoffMs,
    at: Date.now(),
  };
}

function parseInput<Input>({ input: schema }: JobContract<Input>, input: Input): Input {
  try {
    return schema.parse(input);
  } catch (error) {
    // A check of length compares what stands under `length`; JSON may put there what cannot be compared.
    if (!(error instanceof TypeError)) throw error;
    const message = "A field holds an object where none belongs";
    throw new z.ZodError([{ code: "custom", path: [], message, input: undefined }]);
  }
}

async function askedBefore(queues: Queues, record: IntakeRecord): Promise<EnqueuedJob | undefined> {
  const { id, kind, pool } = record;
  const state = await queues.of[pool].getJobState(id);
  if (state === "unknown") return undefined;
  if (state === "failed") {
    await retryJob(queues, id);
    return { id, kind, pool, added: true };
  }
  // It may be recorded as ended, by a caller who was told that Redis is away.
  if (state !== "completed") await queues.intake?.record([{ ...record, at: Date.now() + 1 }]);
  return { id, kind, pool, added: false };
}

function only<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined) throw new Error("BullMQ answered nothing for a job it was given");
  return first;
}
