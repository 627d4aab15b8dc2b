import type { JobContext } from "../../define-job.ts";
import { overTables } from "../over-tables.ts";
import type { Checkpoint, Input } from "./job.ts";

export function run(context: JobContext<Input, Checkpoint>) {
  return overTables(context, "optimize", async (table) => {
    const { outcome } = await table.optimize({ signal: context.signal });
    if (outcome !== "committed") return 0;
    await table.checkpoint();
    return 1;
  });
}
