import type { Command } from "commander";
import type { CliContext } from "../context.ts";

export function define(command: Command, context: CliContext): void {
  command
    .option("--full", "build every row again")
    .option("--strict", "fail when a gate fails")
    .addHelpText(
      "after",
      `
Builds gold.encounter_summary: the visits of patients whose Silver rows changed since the last build, or all.

Examples:
  millrace gold
  millrace gold --full --json`,
    )
    .action(async ({ full = false, strict = false }: { full?: boolean; strict?: boolean }) =>
      (await import("./clinical/refresh.ts")).buildGold(context, { full, strict }),
    );
}
