import { z } from "zod";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  /** The folder to write into, as the workers see it. */
  out: z.string().min(1),
  formats: z
    .array(z.enum(["tokens", "meds"]))
    .min(1)
    .default(["tokens", "meds"]),
  layout: z.enum(["shards", "hive"]).default("shards"),
  rowsPerShard: z.int().positive().default(2_000_000),
  daysColumn: z.enum(["days_since_prior", "days_since_prior_admission"]).default("days_since_prior"),
  labTime: z.enum(["chart", "store"]).default("chart"),
  dxTime: z.enum(["discharge", "admission"]).default("discharge"),
  datasetVersion: z.string().default("unknown"),
});

export const sequencesExport = defineJob({
  kind: "sequences-export",
  pool: "sequences",
  summary: "Write the tokens as Parquet shards, or the events as a MEDS data set",
  input: Input,
  checkpoint: z.never(),
  attempts: 3,
  backoffMs: 5_000,
  timeoutMs: 6 * 60 * 60 * 1_000,
  key: ({ out }) => out,
  exclusive: ({ out }) => out,
  load: () => import("./run.ts"),
});
