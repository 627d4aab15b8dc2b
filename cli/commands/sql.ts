import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { AskOptions } from "./sql/ask.ts";

export function define(command: Command, context: CliContext): void {
  command
    .argument("[query]", "one statement that reads; tables are written schema.table")
    .option("--file <file>", "read the query from a file, - for standard input")
    .option("--as-of <version|time>", "read the tables as they were: 3, 2026-01-31 or 2026-01-31T12:00:00Z")
    .option(
      "--format <format>",
      "table, json, ndjson, csv, parquet or arrow (table; or by the name of --out)",
    )
    .option("--out <file>", "write the rows to a file")
    .option("--max-rows <n>", "the most rows a result may have (SQL_MAX_ROWS)")
    .option("--timeout <seconds>", "how long the query may run (SQL_TIMEOUT_MS)")
    .addHelpText(
      "after",
      `
The query runs in this process over the lake (LAKE_URL); no Redis and no API is needed.

Examples:
  millrace sql "show tables"
  millrace sql "describe silver.patient"
  millrace sql "select gender, count(*) from silver.patient group by all"
  millrace sql "select count(*) from silver.patient" --as-of 3
  millrace sql 'select count(*) from silver."patient@v3"'
  millrace sql --file report.sql --out report.parquet`,
    )
    .action(async (query: string | undefined, options: AskOptions) =>
      (await import("./sql/ask.ts")).ask(context, query, options),
    );
}
