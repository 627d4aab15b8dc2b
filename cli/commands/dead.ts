import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { parsePositive } from "../pool-names.ts";
import type { Choice } from "./dead/choice.ts";

export function define(command: Command, context: CliContext): void {
  command.addHelpText(
    "after",
    `
Work that failed for good is kept in the lake until it is replayed or purged.

Examples:
  millrace dead ls
  millrace dead show <id>
  millrace dead replay <id>
  millrace dead purge --all`,
  );
  command
    .command("ls", { isDefault: true })
    .description("list what failed for good, the oldest first (what millrace dead alone does)")
    .option("--kind <kind>", "only this kind")
    .option("--limit <n>", "how many", parsePositive, 100)
    .action(async (options) => (await import("./dead/list.ts")).listDead(context, options));
  command
    .command("show")
    .description("the input, the error and the last log lines of one")
    .argument("<id>", "the job that failed")
    .action(async (id: string) => (await import("./dead/show.ts")).showDead(context, id));
  for (const verb of ["replay", "purge"] as const) {
    command
      .command(verb)
      .description(verb === "replay" ? "run the work again, with all its attempts" : "forget it for good")
      .argument("[id...]", "the jobs that failed")
      .option("--all", "every one")
      .option("--kind <kind>", "every one of this kind")
      .action(async (ids: string[], options: Omit<Choice, "ids">) =>
        (await import("./dead/change.ts")).changeDead(context, verb, { ids, ...options }),
      );
  }
}
