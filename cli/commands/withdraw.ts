import type { Command } from "commander";
import type { CliContext } from "../context.ts";

export function define(command: Command, context: CliContext): void {
  command
    .argument("<bundle...>", "their file names at the source")
    .addHelpText(
      "after",
      `
The bytes stay in Bronze; the next refresh deletes the rows made from them, and Gold follows.

Example:
  millrace withdraw bundle-0001.json && millrace refresh --with-gold`,
    )
    .action(async (names: string[]) => (await import("./clinical/withdraw.ts")).withdraw(context, names));
}
