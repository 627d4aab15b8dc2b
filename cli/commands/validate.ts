import type { Command } from "commander";
import type { CliContext } from "../context.ts";

export function define(command: Command, context: CliContext): void {
  command
    .option("--strict", "exit 1 when a rule fails")
    .addHelpText(
      "after",
      `
Holds each Silver table against its rules and logs the outcome in silver.ingest_log. A refresh does so by itself.

Examples:
  millrace validate
  millrace validate --strict --json`,
    )
    .action(async (options: { strict?: boolean }) =>
      (await import("./clinical/validate.ts")).validate(context, options),
    );
}
