import { z } from "zod";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  out: z.string().min(1).describe("The folder to write into, as the workers see it"),
  formats: z
    .array(z.enum(["tokens", "meds"]))
    .min(1)
    .default(["tokens", "meds"])
    .describe("Shards of tokens, a MEDS dataset, or both"),
  layout: z.enum(["shards", "hive"]).default("shards").describe("Numbered files, or one folder a subject"),
  rowsPerShard: z
    .int()
    .positive()
    .default(2_000_000)
    .describe("Rows of one file, but for its last subject's"),
  daysColumn: z
    .enum(["days_since_prior", "days_since_prior_admission"])
    .default("days_since_prior")
    .describe("The name of the tokens' column of days"),
  labTime: z.enum(["chart", "store"]).default("chart").describe("Which time of a laboratory value MEDS has"),
  dxTime: z
    .enum(["discharge", "admission"])
    .default("discharge")
    .describe("Which end of the stay is the time of a diagnosis in MEDS"),
  datasetVersion: z.string().default("unknown").describe("The version that the metadata of MEDS names"),
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
  exclusive: ({ out }) => out,
  load: () => import("./run.ts"),
});
