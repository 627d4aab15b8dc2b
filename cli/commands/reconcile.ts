import type { Command } from "commander";
import type { CliContext } from "../context.ts";

export function define(command: Command, context: CliContext): void {
  command
    .addHelpText(
      "after",
      `
Workers do this by themselves, each minute and when they start.

Example:
  millrace reconcile --json`,
    )
    .action(async () => (await import("./reconcile/run.ts")).runReconcile(context));
}
