import { z } from "zod";
import { defineJob } from "../../define-job.ts";
import { wholeInput } from "../../whole-input.ts";

const MINUTE_MS = 60_000;
const MIB = 1024 ** 2;

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  cohorts: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/))
    .min(1)
    .optional()
    .describe("Unset: every cohort that lies in Bronze"),
  full: z
    .boolean()
    .default(false)
    .describe("Read every bundle again, whatever is known of it, and build all of Gold where Silver changed"),
  withGold: z.boolean().default(false).describe("Build Gold after it"),
  strict: z.boolean().default(false).describe("A rule that fails fails the job"),
  mayBeEmpty: z
    .boolean()
    .default(false)
    .describe("An empty Bronze is nothing to do; else it is a mistake that the message explains"),
  maxBundleBytes: z
    .int()
    .positive()
    .default(512 * MIB)
    .describe("A larger bundle is put aside"),
});

const count = z.int().nonnegative();
const Result = z.strictObject({
  ...{ bundles: count, quarantined: count, failed: count },
  ...{ inserted: count, updated: count, deleted: count, commits: count },
  gold: z.enum(["full", "incremental", "none"]).optional(),
  goldRows: count.optional(),
});

export type Checkpoint = z.infer<typeof Checkpoint>;
export const Checkpoint = z.strictObject({
  /** When the refresh began: the instant that its rows carry. */
  startedAt: z.int(),
  chunks: count,
  /** What came of it, once all is done but the removal of its files. */
  result: Result.optional(),
});

export const cohortRefresh = defineJob({
  kind: "cohort-refresh",
  pool: "cohort-ingest",
  summary: "Bring Silver up to what lies in Bronze, validate it and, if asked, build Gold",
  input: Input,
  checkpoint: Checkpoint,
  attempts: 3,
  backoffMs: 5_000,
  timeoutMs: 6 * 60 * MINUTE_MS,
  key: (input) => wholeInput({ ...input, cohorts: input.cohorts?.toSorted() }),
  // One that planned before another and merges after it would bring back bundles as they were.
  exclusive: () => "silver",
  isExclusiveUntilEnded: true,
  load: () => import("./run.ts"),
});
