import type { Command } from "commander";
import type { PoolName } from "../../queues/pools.ts";
import type { CliContext } from "../context.ts";
import { parsePool } from "../pool-names.ts";

export function define(command: Command, context: CliContext): void {
  command.addHelpText(
    "after",
    `
Examples:
  millrace pools ls
  millrace pools pause silver-merge     no worker takes another job of it; what runs goes on
  millrace pools resume silver-merge`,
  );
  command
    .command("ls", { isDefault: true })
    .description("list the pools with their jobs, rates and workers (what millrace pools alone does)")
    .action(async () => (await import("./pools/list.ts")).listPools(context));
  for (const verb of ["pause", "resume"] as const) {
    command
      .command(verb)
      .description(
        verb === "pause" ? "let no worker take another job of a pool" : "take jobs of a pool again",
      )
      .argument("<pool>", "the pool", parsePool)
      .action(async (pool: PoolName) => (await import("./pools/switch.ts")).switchPool(context, pool, verb));
  }
}
