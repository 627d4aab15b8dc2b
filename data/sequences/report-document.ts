import { z } from "zod";
import type { Settings } from "./settings.ts";

const Count = z.coerce.number();

export const LengthQuantiles = z.strictObject({ p50: Count, p90: Count, p99: Count, max: Count });

export type TableReport = z.infer<typeof TableReport>;
export const TableReport = z
  .strictObject({
    rows_in: z.number(),
    rows_out: z.number(),
    rejects: z.number(),
    dropped: z.record(z.string(), z.number()).describe("Rows left out, by their first reason"),
    seconds: z.number(),
    peak_rss_bytes: z.number(),
    unknown_columns: z.array(z.string()).optional(),
    reject_examples: z.array(z.strictObject({ line: z.number(), reason: z.string() })).optional(),
  })
  .meta({ id: "SequenceTable" });

/** What is one number or word of a build. */
export const ReportFacts = z.strictObject({
  collision_rows: Count.describe(
    "Rows whose diagnosis code means one thing in ICD-9-CM and another in ICD-10-CM",
  ),
  collision_codes: Count,
  collision_source: z
    .enum(["d_icd_diagnoses", "codes seen in both versions"])
    .describe("Where the set of such codes comes from"),
  procedures_before_admission: Count,
  procedures_on_admission_day: Count.describe("Of these, those dated on the day of admission"),
  labs_before_window: Count.describe("Further before admission than a lab is given to the next stay"),
  labs_after_discharge: Count,
  admissions_without_events: Count,
  subjects_excluded: Count.describe("Subjects without any event"),
  top_labs_coverage_pct: Count,
  items_without_numbers: Count,
  nonfinite_valuenum: Count.describe("Laboratory rows whose number is NaN or infinite"),
  overlapping_admissions: Count.describe("Pairs of one subject"),
  discharges_before_admission: Count.describe("Such stays count as ending at once"),
});

/** What a reader must know before using a build: what was read, dropped, changed and doubted. */
export type Report = z.infer<typeof ReportDocument>;
export const ReportDocument = z
  .strictObject({
    settings: z
      .record(z.string(), z.unknown())
      .describe("As `SequenceSettings`, all filled in")
      .pipe(z.custom<Settings>()),
    tables: z.record(z.string(), TableReport),
    absent_sources: z
      .array(z.string())
      .describe("Files that the release does not have; what they would give is left out"),
    ...ReportFacts.shape,
    sequence_length: z.strictObject({ admission: LengthQuantiles, subject: LengthQuantiles }),
    length_histogram: z
      .array(z.strictObject({ from: Count, to: Count, admissions: Count }))
      .describe("Admissions by the tokens they have"),
    top_codes: z.array(z.strictObject({ code: z.string(), count: Count })),
    warnings: z.array(z.string()),
  })
  .meta({ id: "SequenceReport" });
