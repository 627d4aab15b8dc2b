import { randomUUID } from "node:crypto";
import { silverValidate } from "../../../workers/silver-merge/silver-validate/job.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure } from "../../failure.ts";
import { runJob } from "../../follow-job.ts";

const lastRun = "(select max(ingest_timestamp) from silver.ingest_log)";
const failuresOfLastRun = `select ingest_timestamp, "table", failed_checks from silver.ingest_log where not passed and ingest_timestamp = ${lastRun}`;

export async function validate(
  context: CliContext,
  { strict = false }: { readonly strict?: boolean },
): Promise<void> {
  await runJob(context, silverValidate, { run: randomUUID(), strict: false });
  await using lake = await context.openLake();
  const { lastLog } = await import("../../../data/clinical/summary.ts");
  const log = await lastLog(lake);
  const failed = log.filter(({ passed }) => !passed).map(({ table }) => table);
  context.output.table(
    { tables: log, failed },
    [{ title: "table" }, { title: "rows", align: "right" }, { title: "" }, { title: "failed" }],
    (paint) =>
      log.map(({ table, row_count, passed, failed_checks }) => [
        table,
        row_count.toLocaleString("en"),
        passed ? paint("green", "ok") : paint("red", "fails"),
        failed_checks,
      ]),
  );
  if (strict && failed.length > 0) {
    throw new CliFailure(`Rules fail in ${failed.join(", ")}.`, {
      next: `millrace sql '${failuresOfLastRun}'`,
    });
  }
}
