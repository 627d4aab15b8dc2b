import { z } from "zod";
import { Settings } from "../../../data/sequences/settings.ts";
import { IcdMaps } from "../../../data/sequences/sources/icd-map-files.ts";
import { defineJob } from "../../define-job.ts";
import { Range } from "../build-input.ts";

export type Input = z.infer<typeof Input>;
export const Input = z
  .strictObject({
    source: z
      .string()
      .min(1)
      .describe("The folder of a MIMIC-IV release, or of its `hosp` tables, as the workers see it"),
    settings: Settings.prefault({}).describe("What the events and tokens are to be"),
    onBadRow: z
      .enum(["fail", "skip"])
      .optional()
      .describe(
        "Unset: rows that cannot be read fail the build, but for labevents and prescriptions, where they are left out",
      ),
    rowsPerRange: z
      .int()
      .positive()
      .default(5_000_000)
      .describe(
        "How many laboratory rows one part holds; with the settings of DuckDB this bounds the memory",
      ),
    icdMaps: IcdMaps.optional().describe(
      "Files that say which ICD-10 code stands for each of ICD-9; needed with `icd: icd10`",
    ),
  })
  .refine(({ settings, icdMaps }) => settings.icd !== "icd10" || icdMaps, {
    path: ["icdMaps"],
    message: "Mapping to ICD-10 needs the two general equivalence maps of CMS",
  });

export type Checkpoint = z.infer<typeof Checkpoint>;
export const Checkpoint = z.strictObject({
  /** The build's number, fixed at its first run. */
  number: z.int(),
  ranges: z.array(Range).optional(),
});

export const sequencesBuild = defineJob({
  kind: "sequences-build",
  pool: "sequences",
  summary: "Turn a MIMIC-IV release into event sequences with tokens of time",
  input: Input,
  checkpoint: Checkpoint,
  attempts: 3,
  backoffMs: 5_000,
  timeoutMs: 12 * 60 * 60 * 1_000,
  // Its parts read what parts before them left in the tables: another build between them would mix two sources.
  exclusive: () => "sequences",
  isExclusiveUntilEnded: true,
  load: () => import("./run.ts"),
});
