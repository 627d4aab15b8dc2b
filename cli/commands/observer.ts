import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { parsePositive } from "../pool-names.ts";
import type { RecommendOptions } from "./observer/recommend.ts";

export function define(command: Command, context: CliContext): void {
  command.addHelpText(
    "after",
    `
Examples:
  millrace observer tail --failed
  millrace observer errors --kind optimize-tables     how it failed before, and what mended it
  millrace observer recommend fill --role Welder --count 2 --city Toledo --state OH
  millrace observer analyze                            learn from all events now`,
  );
  command
    .command("tail", { isDefault: true })
    .description("the last events (what millrace observer alone does)")
    .option("--kind <kind>", "only this kind")
    .option("--failed", "only failures")
    .option("--follow", "and go on with those that come, until Ctrl-C")
    .option("--limit <n>", "how many", parsePositive, 20)
    .action(async (options) => (await import("./observer/tail.ts")).tailEvents(context, options));
  command
    .command("errors")
    .description("failures that read alike: how often, in how many runs, their cause and what to do")
    .option("--kind <kind>", "one kind of work, with what mended it")
    .option("--limit <n>", "how many", parsePositive, 20)
    .action(async (options) => (await import("./observer/errors.ts")).listErrors(context, options));
  command
    .command("playbooks")
    .description("what succeeded repeatedly under one signature")
    .option("--kind <kind>", "only this kind")
    .option("--limit <n>", "how many", parsePositive, 20)
    .action(async (options) => (await import("./observer/playbooks.ts")).listPlaybooks(context, options));
  command
    .command("recommend")
    .description("what is known for the next run of a signature, or of the likest ones")
    .argument("<kind>", "what is to be done, as fill or a kind of job")
    .option("--role <role>")
    .option("--count <n>", "how many are asked for", parsePositive)
    .option("--city <city>")
    .option("--state <state>")
    .action(async (kind: string, options: RecommendOptions) =>
      (await import("./observer/recommend.ts")).showRecommendation(context, kind, options),
    );
  command
    .command("analyze")
    .description("take in what waits, group the failures and build the playbooks now")
    .action(async () => (await import("./observer/analyze.ts")).analyzeNow(context));
}
