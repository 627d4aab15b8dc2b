import { type Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { serve } from "../processes/serve.ts";

export function define(command: Command, context: CliContext): void {
  command
    .addOption(new Option("--attached").hideHelp())
    .addHelpText(
      "after",
      `
Several may run side by side: a schedule's slot is one job however many ask for it.

Examples:
  millrace scheduler
  millrace schedules ls        what it fires, and when`,
    )
    .action(async ({ attached }: { attached?: boolean }) => {
      await serve(context, "scheduler", { attached: attached === true, settings: {} });
    });
}
