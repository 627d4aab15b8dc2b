import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { LoadOptions } from "./table/load.ts";
import type { MaintainOptions } from "./table/maintain.ts";
import type { ChangesOptions, ReadOptions } from "./table/read.ts";

const where = "a table of the lake (silver.patient), or the folder or s3:// address of any Delta table";

export function define(command: Command, context: CliContext): void {
  command.addHelpText(
    "after",
    `
Examples:
  millrace table ls
  millrace table show silver.patient
  millrace table read silver.patient --version 3 --out patients.parquet
  millrace table changes silver.patient --from 4 --out changes.csv
  millrace table vacuum silver.patient --dry-run
  millrace table load vectors.npy --as corpus.vectors
  millrace table show ./some/delta/table`,
  );
  defineLooks(command, context);
  defineReads(command, context);
  defineLoad(command, context);
  defineMaintenance(command, context);
}

function defineLooks(command: Command, context: CliContext): void {
  command
    .command("ls", { isDefault: true })
    .description("list the tables of the lake (what millrace table alone does)")
    .action(async () => (await import("./table/list.ts")).listTables(context));
  command
    .command("show")
    .description("the columns, size and properties of a table")
    .argument("<table>", where)
    .option("--version <n>", "as it was at this version")
    .option("--timestamp <time>", "as it was at this time")
    .action(async (table: string, options: { version?: string; timestamp?: string }) =>
      (await import("./table/show.ts")).showTable(context, table, options),
    );
  command
    .command("history")
    .description("the versions of a table, the newest first")
    .argument("<table>", where)
    .option("--limit <n>", "how many", "20")
    .action(async (table: string, options: { limit: string }) =>
      (await import("./table/history.ts")).showHistory(context, table, options),
    );
}

function defineReads(command: Command, context: CliContext): void {
  command
    .command("read")
    .description("the rows of a table")
    .argument("<table>", where)
    .option("--version <n>", "as they were at this version")
    .option("--timestamp <time>", "as they were at this time")
    .option("--out <file>", "write all of them to a .parquet, .csv, .ndjson, .json or .arrow file")
    .option("--limit <n>", "print no more than this (100 without --out)")
    .action(async (table: string, options: ReadOptions) =>
      (await import("./table/read.ts")).readTable(context, table, options),
    );
  command
    .command("changes")
    .description("the rows that changed, with _change_type, _commit_version and _commit_timestamp")
    .argument("<table>", where)
    .requiredOption("--from <n>", "the first version of the changes")
    .option("--to <n>", "the last version (the newest)")
    .option("--out <file>", "write all of them to a .parquet, .csv, .ndjson, .json or .arrow file")
    .option("--limit <n>", "print no more than this (100 without --out)")
    .action(async (table: string, options: ChangesOptions) =>
      (await import("./table/read.ts")).readChanges(context, table, options),
    );
}

function defineLoad(command: Command, context: CliContext): void {
  command
    .command("load")
    .description("make the rows of a file a table's: .parquet, .csv, .ndjson, .npy or .fvecs")
    .argument("<file>", "the file; .npy and .fvecs become `id`, counted from 0, and `vector`")
    .requiredOption("--as <table>", "the table's name, as corpus.notes")
    .option("--replace", "replace the rows that the table has")
    .option("--append", "add to the rows that the table has")
    .action(async (file: string, options: LoadOptions) =>
      (await import("./table/load.ts")).loadTable(context, file, options),
    );
}

function defineMaintenance(command: Command, context: CliContext): void {
  const maintain = (verb: "optimize" | "vacuum" | "restore" | "checkpoint") => {
    return async (table: string, options: MaintainOptions) =>
      (await import("./table/maintain.ts"))[verb](context, table, options);
  };
  command
    .command("optimize")
    .description("write small files together into larger ones")
    .argument("<table>", where)
    .option("--target-mb <n>", "the size of file to aim at")
    .option("--sort <columns>", "sort the rows by these columns, as in ORDER BY")
    .action(maintain("optimize"));
  command
    .command("vacuum")
    .description("remove files that no version within the retention needs")
    .argument("<table>", where)
    .option("--dry-run", "only say which")
    .option(
      "--retention-hours <n>",
      "keep what versions of this many hours need (the table's own, or 7 days)",
    )
    .option("--force", "permit a retention below the table's own")
    .action(maintain("vacuum"));
  command
    .command("restore")
    .description("make an earlier version the newest")
    .argument("<table>", where)
    .option("--version <n>", "the version")
    .option("--timestamp <time>", "the version of this time")
    .action(maintain("restore"));
  command
    .command("checkpoint")
    .description("write the table's state as one file, which opens it quicker")
    .argument("<table>", where)
    .action(maintain("checkpoint"));
}
