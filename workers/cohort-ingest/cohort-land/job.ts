import { z } from "zod";
import { defineJob } from "../../define-job.ts";

const MINUTE_MS = 60_000;

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  /** A folder as the workers see it, or `s3://bucket/prefix`: the bundles lie directly under it. */
  source: z.string().min(1),
  /** The cohorts, dealt round robin over the sorted names. */
  labels: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/))
    .min(1)
    .default(["A", "B", "C"]),
  maxFiles: z.int().positive().optional(),
  /** Files younger than this may still be growing and are left for the next pass. */
  settleMs: z.int().nonnegative().default(2_000),
  /** Where the studies and tables that come with the bundles lie, if they are wanted. */
  dicomSource: z.string().min(1).optional(),
  csvSource: z.string().min(1).optional(),
  assetsOnly: z.boolean().default(false),
  /** How an s3:// source is reached; public data needs no credentials. */
  s3: z
    .strictObject({
      endpoint: z.url().optional(),
      region: z.string().default("us-east-1"),
      pathStyle: z.boolean().default(false),
      anonymous: z.boolean().default(true),
    })
    .prefault({}),
});

export const cohortLand = defineJob({
  kind: "cohort-land",
  pool: "cohort-ingest",
  summary: "Copy new and changed bundles of a source into Bronze, dealt to cohorts",
  input: Input,
  checkpoint: z.never(),
  attempts: 5,
  backoffMs: 5_000,
  timeoutMs: 12 * 60 * MINUTE_MS,
  key: ({ source, dicomSource = "", csvSource = "" }) => [source, dicomSource, csvSource].join(" "),
  exclusive: () => "bronze",
  load: () => import("./run.ts"),
});
