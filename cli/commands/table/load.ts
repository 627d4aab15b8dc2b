import { resolve } from "node:path";
import { formatOf } from "../../../data/vectors/file-formats.ts";
import { Input, tableLoad } from "../../../workers/cohort-ingest/table-load/job.ts";
import type { CliContext } from "../../context.ts";
import { UsageFailure } from "../../failure.ts";
import { runJob } from "../../follow-job.ts";
import { plural } from "../../quantities.ts";

export interface LoadOptions {
  readonly as: string;
  readonly replace?: boolean;
  readonly append?: boolean;
}

export async function loadTable(context: CliContext, file: string, options: LoadOptions): Promise<void> {
  const { as: table, replace, append } = options;
  if (replace && append)
    throw new UsageFailure(
      "A load replaces the table's rows or appends to them.",
      "give one of --replace, --append",
    );
  const input = Input.safeParse({
    path: resolve(file),
    table,
    format: formatOf(file),
    mode: replace ? "replace" : append ? "append" : "create",
  });
  if (!input.success)
    throw new UsageFailure(
      `${table} is not a table's name.`,
      "give <schema>.<table> in lower case, as corpus.notes",
    );
  const loaded = await runJob(context, tableLoad, input.data);
  context.output.result(loaded, (paint) =>
    loaded.outcome !== "committed"
      ? `${table} has the rows of this file; nothing changed.`
      : `${paint("green", "loaded")} ${plural(loaded.rows, "row")} into ${table}, version ${loaded.version}\n${paint("dim", "next:")} millrace table show ${table}`,
  );
}
