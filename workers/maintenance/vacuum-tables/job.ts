import { z } from "zod";
import { defineJob } from "../../define-job.ts";
import { wholeInput } from "../../whole-input.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  tables: z
    .array(
      z
        .string()
        .regex(/^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/, "A table's name is <schema>.<table> in lower case"),
    )
    .min(1)
    .optional()
    .describe("As <schema>.<table>; unset: every table of the lake"),
  retentionHours: z
    .number()
    .positive()
    .optional()
    .describe(
      "Files that no version of so many hours needs go; unset: what each table says itself, seven days by default",
    ),
});

export type Checkpoint = z.infer<typeof Checkpoint>;
export const Checkpoint = z.strictObject({ after: z.string(), failed: z.array(z.string()) });

export const vacuumTables = defineJob({
  kind: "vacuum-tables",
  pool: "maintenance",
  summary: "Delete the files that no version within a table's retention refers to",
  input: Input,
  checkpoint: Checkpoint,
  attempts: 3,
  backoffMs: 60_000,
  timeoutMs: 4 * 60 * 60 * 1_000,
  key: (input) => wholeInput({ ...input, tables: input.tables?.toSorted() }),
  load: () => import("./run.ts"),
});
