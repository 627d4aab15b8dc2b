import type { Command } from "commander";
import type { CliContext } from "../context.ts";

export function define(command: Command, context: CliContext): void {
  command
    .option("--patient-id <id>", "this patient; otherwise one with a long enough story")
    .option("--pause <seconds>", "wait between the sections", Number, 0)
    .addHelpText(
      "after",
      `
One patient from the bundle to Gold: what came in, what was parsed, what Silver and Gold say.

Examples:
  millrace walkthrough
  millrace walkthrough --pause 3`,
    )
    .action(async (options: { patientId?: string; pause: number }) =>
      (await import("./clinical/walkthrough.ts")).walkthrough(context, options),
    );
}
