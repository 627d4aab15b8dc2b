import type { JobContext } from "../../define-job.ts";
import { overTables } from "../over-tables.ts";
import type { Checkpoint, Input } from "./job.ts";

const HOUR_MS = 60 * 60 * 1_000;

export function run(context: JobContext<Input, Checkpoint>) {
  const { retentionHours } = context.input;
  return overTables(context, "vacuum", async (table) => {
    const { files } = await table.vacuum(retentionHours ? { retentionMs: retentionHours * HOUR_MS } : {});
    return files.length;
  });
}
