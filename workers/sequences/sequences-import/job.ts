import { z } from "zod";
import { IcdMaps } from "../../../data/sequences/sources/icd-map-files.ts";
import { defineJob } from "../../define-job.ts";
import { Build } from "../build-input.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  build: Build.describe("The build that it is a part of"),
  source: z.string().describe("The folder of the release"),
  table: z.string().describe("The table of the release to read"),
  onBadRow: z.enum(["fail", "skip"]).describe("What a row that cannot be read does"),
  icdMaps: IcdMaps.optional().describe(
    "The sources of the table of ICD codes, which is no part of a release",
  ),
});

export const sequencesImport = defineJob({
  kind: "sequences-import",
  pool: "sequences",
  summary: "Read one CSV of a MIMIC-IV release into its table",
  input: Input,
  checkpoint: z.never(),
  attempts: 5,
  backoffMs: 2_000,
  timeoutMs: 4 * 60 * 60 * 1_000,
  exclusive: ({ table }) => `sequences.raw_${table}`,
  load: () => import("./run.ts"),
});
