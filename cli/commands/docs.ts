import type { Command } from "commander";
import type { CliContext } from "../context.ts";

export function define(command: Command, context: CliContext): void {
  command
    .option("--check", "write nothing; fail if a document is out of date")
    .option("--root <dir>", "the folder that holds docs/", ".")
    .addHelpText(
      "after",
      `
The data dictionary and the schema of Gold are written from the tables and rules in data/clinical.

Examples:
  millrace docs
  millrace docs --check`,
    )
    .action(async (options: { check?: boolean; root: string }) =>
      (await import("./docs/write.ts")).write(context, options),
    );
}
