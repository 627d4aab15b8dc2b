import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { RefreshOptions } from "./clinical/refresh.ts";

export function define(command: Command, context: CliContext): void {
  command
    .option("--cohort <label...>", "only these cohorts; all when left out")
    .option("--with-gold", "then build Gold")
    .option("--gold-only", "only build Gold")
    .option(
      "--full",
      "read every bundle again, whatever is known of it; build all of Gold where Silver changed",
    )
    .option("--strict", "fail when a rule or a gate fails")
    .addHelpText(
      "after",
      `
Parses what is new or changed in Bronze, merges it into the ten Silver tables and validates them. Doing it again
changes nothing.

Examples:
  millrace refresh --with-gold
  millrace refresh --cohort A --cohort B
  millrace refresh --gold-only --json`,
    )
    .action(async (options: RefreshOptions) =>
      (await import("./clinical/refresh.ts")).refresh(context, options),
    );
}
