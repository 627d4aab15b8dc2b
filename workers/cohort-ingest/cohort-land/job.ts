import { z } from "zod";
import { defineJob } from "../../define-job.ts";

const MINUTE_MS = 60_000;

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  source: z
    .string()
    .min(1)
    .describe("A folder as the workers see it, or `s3://bucket/prefix`: the bundles lie directly under it"),
  labels: z
    .array(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/))
    .min(1)
    .default(["A", "B", "C"])
    .describe("The cohorts, dealt round robin over the sorted names"),
  maxFiles: z.int().positive().optional().describe("The most bundles to land; unset: all of them"),
  settleMs: z
    .int()
    .nonnegative()
    .default(2_000)
    .describe("Files younger than this may still be growing and are left for the next pass"),
  dicomSource: z.string().min(1).optional().describe("Where the imaging studies lie, if they are wanted"),
  csvSource: z.string().min(1).optional().describe("Where the tables that come with them lie, if wanted"),
  assetsOnly: z.boolean().default(false).describe("Land the studies and tables alone, and no bundle"),
  s3: z
    .strictObject({
      endpoint: z.url().optional().describe("Unset: that of the cloud the protocol comes from"),
      region: z.string().default("us-east-1").describe("The bucket's region"),
      pathStyle: z.boolean().default(false).describe("The bucket in the path instead of the host's name"),
      anonymous: z.boolean().default(true).describe("Unsigned, as public data may be read"),
    })
    .prefault({})
    .describe("How an s3:// source is reached"),
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
  exclusive: () => "bronze",
  load: () => import("./run.ts"),
});
