import type { Logger } from "pino";
import type { z } from "zod";
import type { Lake } from "../data/lake.ts";
import type { ModelServer } from "../data/vectors/embedders/ollama.ts";
import type { EnqueuedJob, JobContract } from "../queues/contract.ts";
import type { Progress } from "../queues/progress.ts";
import type { Queues } from "../queues/queues.ts";
import { wholeInput } from "./whole-input.ts";

/** What a worker process opens once and lends to every job it runs. */
export interface Services {
  readonly lake: Lake;
  readonly queues: Queues;
  readonly log: Logger;
  /** Where models answer; undefined: only the built-in embedder serves. */
  readonly modelServer?: ModelServer | undefined;
}

/** A part of a job, done by a job of its own. */
export interface Child<Output> {
  // biome-ignore lint/suspicious/noExplicitAny: the input beside it fits, which `child` has checked.
  readonly job: Job<any, any, Output>;
  readonly input: unknown;
}

/** What one run of a job is given. */
export interface JobContext<Input, Checkpoint> extends Services {
  readonly id: string;
  readonly input: Input;
  /** Where the last attempt stopped; undefined when there was none. */
  readonly checkpoint: Checkpoint | undefined;
  /** Aborts on timeout, cancel, lost lock and shutdown: check it in every loop and before every commit. */
  readonly signal: AbortSignal;
  /** Saved at once the first time, then at most twice a second; the newest is saved when the job is handed back. */
  saveCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /** Shown by the board, the CLI's bars and the API's event stream; throttled like checkpoints. */
  reportProgress(progress: Progress): Promise<void>;
  /** One line in the job's own log; never a person's data. */
  note(line: string): Promise<void>;
  /**
   * Runs the parts of a stage side by side as jobs and resolves to their outputs, in order. The worker is free
   * meanwhile: this job leaves it and `run` starts again from the top when the last part has ended, when the
   * same call returns at once. So whatever stands before a call must be harmless to do again, and the stage's
   * name and parts must not change between the runs. Parts that failed for good reject with the reasons.
   */
  runChildren<Output>(stage: string, children: readonly Child<Output>[]): Promise<Output[]>;
  /** Asks for work that this job does not wait for. */
  enqueue<Next>(contract: JobContract<Next>, input: Next): Promise<EnqueuedJob>;
}

/** A kind of work: its door (this value, in `job.ts`) and the work behind it (`run.ts`, loaded when first needed). */
export interface Job<Input, Checkpoint, Output> extends JobContract<Input> {
  readonly checkpoint: z.ZodType<Checkpoint>;
  /**
   * What is exclusive stays the job's own from its first run until it has ended, also while its parts run and between
   * its attempts. Without this it is the job's only while a worker has it.
   */
  readonly isExclusiveUntilEnded?: true;
  /** Imported when the first job of this kind runs, so producers never load DuckDB or hnswlib. */
  load(): Promise<{ run(context: JobContext<Input, Checkpoint>): Promise<Output> }>;
}

// biome-ignore lint/suspicious/noExplicitAny: Input and Checkpoint are both read and written, so no other type holds every job.
export type AnyJob = Job<any, any, unknown>;

/** A kind as its door tells it: where it says nothing of a key, inputs that differ in anything are different work. */
type Door<Input, Checkpoint, Output> = Omit<Job<Input, Checkpoint, Output>, "key"> &
  Partial<Pick<JobContract<Input>, "key">>;

export function defineJob<Input, Checkpoint, Output>(
  door: Door<Input, Checkpoint, Output>,
): Job<Input, Checkpoint, Output> {
  return { key: wholeInput, ...door };
}

/** Pairs a job with its input, checked at compile time, for `runChildren`. */
export function child<Input, Checkpoint, Output>(
  job: Job<Input, Checkpoint, Output>,
  input: Input,
): Child<Output> {
  return { job, input };
}
