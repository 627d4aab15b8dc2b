import { z } from "zod";
import { fileFormats } from "../../../data/vectors/file-formats.ts";
import { defineJob } from "../../define-job.ts";

export type Input = z.infer<typeof Input>;
export const Input = z.strictObject({
  path: z.string().min(1).describe("The file, as the workers see it"),
  table: z
    .string()
    .regex(/^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/, "A table's name is <schema>.<table> in lower case")
    .describe("The table to fill, as <schema>.<table>"),
  format: z.enum(fileFormats).describe("What the file is, whatever its name"),
  mode: z
    .enum(["create", "replace", "append"])
    .default("create")
    .describe("What to do when the table has rows already: refuse, replace them, or append"),
});

export const tableLoad = defineJob({
  kind: "table-load",
  pool: "cohort-ingest",
  summary: "Make the rows of a Parquet, CSV, NDJSON, .npy or .fvecs file a table's",
  input: Input,
  checkpoint: z.never(),
  attempts: 3,
  backoffMs: 2_000,
  timeoutMs: 4 * 60 * 60 * 1_000,
  exclusive: ({ table }) => table,
  load: () => import("./run.ts"),
});
