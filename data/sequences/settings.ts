import { z } from "zod";

/**
 * The choices of a build, each with the default that the documentation gives reasons for. The models read them
 * as DuckDB variables of the same names.
 */
export const Settings = z
  .strictObject({
    top_labs: z.int().positive().default(200).describe("How many laboratory items are kept"),
    top_labs_by: z
      .enum(["freq", "numeric"])
      .default("freq")
      .describe("Rank items by all their rows in stays, or by those with a number"),
    quantile_sample: z
      .number()
      .gt(0)
      .max(1)
      .default(0.1)
      .describe("Share of a laboratory item's values that its deciles are taken from"),
    population: z
      .enum(["all", "train"])
      .default("all")
      .describe(
        "Whose rows decide the frequent items and the deciles; train avoids leaking from test subjects",
      ),
    icd: z
      .enum(["raw", "versioned", "icd10"])
      .default("raw")
      .describe("Codes as they are, with their ICD version, or ICD-9 mapped to ICD-10"),
    proc_time: z
      .enum(["raw", "clamp"])
      .default("raw")
      .describe("Procedures at midnight of their day, or never before admission"),
    med_null_time: z
      .enum(["drop", "first"])
      .default("drop")
      .describe("Prescriptions without a start: none, or in the slot before admission"),
    med_normalize: z
      .enum(["trim", "lower"])
      .default("trim")
      .describe("Drug names as written, or in lower case"),
    lab_null: z
      .enum(["drop", "token"])
      .default("drop")
      .describe("Labs without a number: none, or LAB:<item>_NULL"),
    lab_min_offset_hours: z
      .int()
      .nullable()
      .default(null)
      .describe("Drop recorded labs that lie further before admission, such as -24"),
    backfill: z
      .enum(["in_stay", "pre24h"])
      .default("in_stay")
      .describe("Give labs without an admission to the stay or the next one, or to the next one only"),
    backfill_hours: z
      .int()
      .positive()
      .default(24)
      .describe("How long before admission a lab may belong to it"),
    event_order: z
      .enum(["dx_first", "strict_time"])
      .default("dx_first")
      .describe("Diagnoses before everything else, or at their offset"),
    dx_position: z
      .enum(["admission", "discharge"])
      .default("admission")
      .describe("Diagnoses at admission, or at discharge, when they are known"),
    scheme: z
      .enum(["admission_bins", "ethos_ares", "ethos_paper", "cehr", "none"])
      .default("admission_bins")
      .describe("Which tokens of time stand between the events"),
    special_tokens: z
      .enum(["none", "ethos"])
      .default("none")
      .describe(
        "Tokens that are no events: ethos adds admission, discharge, death, the timeline's end, age, gender, marital status and race, and, where the release tells them, body mass index and diagnosis-related group",
      ),
  })
  .meta({ id: "SequenceSettings" });
export type Settings = z.infer<typeof Settings>;
