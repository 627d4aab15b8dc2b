import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { TuneOptions } from "./tune/tune.ts";

export function define(command: Command, context: CliContext): void {
  command
    .argument("<index>", "the index to tune: millrace vectors ls")
    .option("--target-recall <share>", "what share of the true neighbours must be found (the index's own)")
    .option("--budget <time>", "how long to look: 90s, 10m, 1h", "10m")
    .option("--svg <file>", "draw the frontier of recall and time into this file")
    .addHelpText(
      "after",
      `
Many settings are tried on some of the rows, a few on all of them. One serves only if it finds enough and wins two
measurements against what serves now. Every trial is a row of the table vectors.trials.

Example:
  millrace tune notes --target-recall 0.99 --budget 5m --svg frontier.svg`,
    )
    .action(async (index: string, options: TuneOptions) =>
      (await import("./tune/tune.ts")).tuneIndex(context, index, options),
    );
}
