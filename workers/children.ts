import { type Job as BullJob, WaitingChildrenError } from "bullmq";
import { DataError } from "../data/errors.ts";
import { InputTooLargeError } from "../queues/errors.ts";
import { childId } from "../queues/job-id.ts";
import type { Queues } from "../queues/queues.ts";
import { jobOptions, retention } from "../queues/retention.ts";
import type { StoredJob } from "../queues/stored-job.ts";
import type { Child } from "./define-job.ts";
import type { RunState } from "./run-state.ts";

const CHUNK = 500;

/** Parts of a job have failed for good. Doing the rest again would not mend them; an operator's retry makes them anew. */
export class FailedChildrenError extends DataError {
  override readonly name = "FailedChildrenError";
}

interface Part {
  readonly child: Child<unknown>;
  /** Its id in this generation. */
  readonly id: string;
  readonly key: string;
  readonly outcome: Outcome;
}

type Outcome =
  | { readonly state: "done"; readonly output: unknown }
  | { readonly state: "failed"; readonly reason: string }
  | { readonly state: "missing" };

/** One run's view of the parts of its job. */
export interface Parent {
  readonly job: BullJob<StoredJob>;
  readonly token: string;
  readonly queues: Queues;
  readonly run: RunState;
}

/**
 * The first run adds the parts and leaves; the run after the last part ended finds all outcomes with the parent. A
 * crash anywhere between leaves parts missing or the parent not gone yet, and the next run does what is left.
 */
export async function runChildren<Output>(
  parent: Parent,
  stage: string,
  children: readonly Child<Output>[],
): Promise<Output[]> {
  if (!/^[a-z0-9-]+$/.test(stage))
    throw new DataError(`The stage name ${stage} may have a-z, 0-9 and - only`);
  parent.run.throwIfStopped();
  let parts = await lookAt(parent, stage, children);
  if (parts.some(({ outcome }) => outcome.state === "missing")) {
    await addMissing(parent, parts);
    parent.run.throwIfStopped();
    if (await parent.job.moveToWaitingChildren(parent.token)) {
      parent.run.parked = true;
      throw new WaitingChildrenError();
    }
    parts = await lookAt(parent, stage, children);
  }
  return outputsOf<Output>(stage, parts);
}

function outputsOf<Output>(stage: string, parts: readonly Part[]): Output[] {
  const reasons = parts.flatMap(({ outcome }) => (outcome.state === "failed" ? [outcome.reason] : []));
  if (reasons.length > 0) {
    const shown = [...new Set(reasons)].slice(0, 3).join("; ");
    throw new FailedChildrenError(`${reasons.length} of ${parts.length} parts of ${stage} failed: ${shown}`);
  }
  return parts.map(({ outcome }) => {
    if (outcome.state === "done") return outcome.output as Output;
    throw new Error(`A part of ${stage} has neither ended nor failed, though none is pending`);
  });
}

/**
 * What became of each part. A part that an earlier generation finished is finished; one that it failed is made anew
 * in this generation.
 */
async function lookAt(
  { job, queues }: Parent,
  stage: string,
  children: readonly Child<unknown>[],
): Promise<Part[]> {
  const generation = job.data.generation ?? 0;
  const parentKey = `${job.queueQualifiedName}:${job.id}`;
  const keysOf = children.map(({ job: { pool } }, position) =>
    Array.from({ length: generation + 1 }, (_, age) =>
      queues.of[pool].toKey(childId(job.id ?? "", stage, position, age)),
    ),
  );
  const keys = keysOf.flat();
  if (keys.length === 0) return [];
  const [done, failed] = await Promise.all([
    queues.redis.hmget(`${parentKey}:processed`, ...keys),
    queues.redis.hmget(`${parentKey}:failed`, ...keys),
  ]);
  return children.map((child, position) => {
    const from = position * (generation + 1);
    const outputs = done.slice(from, from + generation + 1);
    const output = outputs.find((text) => typeof text === "string");
    const reason = failed[from + generation];
    return {
      child,
      id: childId(job.id ?? "", stage, position, generation),
      key: keysOf[position]?.[generation] ?? "",
      outcome: outcomeOf(output, reason),
    };
  });
}

function outcomeOf(output: string | null | undefined, reason: string | null | undefined): Outcome {
  if (typeof output === "string") return { state: "done", output: JSON.parse(output) };
  if (typeof reason === "string") return { state: "failed", reason };
  return { state: "missing" };
}

/** Adding one that is there already only ties it to its parent again. */
async function addMissing(parent: Parent, parts: readonly Part[]): Promise<void> {
  const missing = parts.filter(({ outcome }) => outcome.state === "missing");
  for (const pool of new Set(missing.map(({ child }) => child.job.pool))) {
    const ofPool = missing.filter(({ child }) => child.job.pool === pool);
    for (let from = 0; from < ofPool.length; from += CHUNK) {
      parent.run.throwIfStopped();
      const chunk = ofPool.slice(from, from + CHUNK);
      await parent.queues.of[pool].addBulk(chunk.map((part) => bullChild(parent, part)));
    }
  }
}

function bullChild({ job }: Parent, { child, id }: Part) {
  const { kind, attempts, backoffMs, input } = child.job;
  const data: StoredJob = { input: input.parse(child.input) };
  const sizeBytes = Buffer.byteLength(JSON.stringify(data.input) ?? "");
  if (sizeBytes > retention.inputBytes) throw new InputTooLargeError(kind, sizeBytes, retention.inputBytes);
  return {
    name: kind,
    data,
    opts: {
      ...jobOptions({ attempts, backoffMs }),
      jobId: id,
      parent: { id: job.id ?? "", queue: job.queueQualifiedName },
      // The parent waits for all its parts and then judges; a part without this would leave it waiting for ever.
      ignoreDependencyOnFailure: true,
    },
  };
}
