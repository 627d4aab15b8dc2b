import { z } from "zod";
import type { PoolName } from "../../queues/pools.ts";
import { type AnyJob, defineJob, type Job, type JobContext } from "../../workers/define-job.ts";

interface KindOptions<Input, Checkpoint, Output> {
  readonly kind: string;
  readonly input: z.ZodType<Input>;
  readonly checkpoint?: z.ZodType<Checkpoint>;
  readonly pool?: PoolName;
  readonly attempts?: number;
  readonly backoffMs?: number;
  readonly timeoutMs?: number;
  readonly key?: (input: Input) => string;
  readonly exclusive?: (input: Input) => string;
  readonly isExclusiveUntilEnded?: true;
  readonly run: (context: JobContext<Input, Checkpoint>) => Promise<Output>;
}

/** A kind made for one test, where only what matters to it is said. */
export function kind<Input, Output, Checkpoint = undefined>({
  run,
  ...options
}: KindOptions<Input, Checkpoint, Output>): Job<Input, Checkpoint, Output> {
  return defineJob({
    pool: "observer",
    summary: "A kind of a test",
    checkpoint: z.any(),
    attempts: 3,
    backoffMs: 1,
    timeoutMs: 60_000,
    key: (input) => JSON.stringify(input),
    ...options,
    load: async () => ({ run }),
  });
}

/** The `jobOf` of a pool that knows just these kinds. */
export function kindsOf(...known: AnyJob[]): (name: string) => AnyJob {
  const byKind = new Map(known.map((job) => [job.kind, job]));
  return (name) => {
    const job = byKind.get(name);
    if (!job) throw new Error(`The test has no kind ${name}`);
    return job;
  };
}
