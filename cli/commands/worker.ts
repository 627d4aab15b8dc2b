import { type Command, Option } from "commander";
import type { PoolName } from "../../queues/pools.ts";
import type { CliContext } from "../context.ts";
import { parsePools, parsePositive } from "../pool-names.ts";
import { serve } from "../processes/serve.ts";

interface Options {
  readonly pool: readonly PoolName[];
  readonly concurrency?: number;
  readonly attached?: boolean;
}

export function define(command: Command, context: CliContext): void {
  command
    .requiredOption("-p, --pool <names>", "the pools to serve, comma-separated", parsePools)
    .option("-c, --concurrency <n>", "jobs of one pool to run at a time in this process", parsePositive)
    .addOption(new Option("--attached").hideHelp())
    .addHelpText(
      "after",
      `
Any number of these processes may run, on any machine that reaches the same Redis and lake. SIGTERM or Ctrl-C hands
running jobs back at their checkpoints and ends the process; it costs no job an attempt.

Examples:
  millrace worker --pool silver-merge
  millrace worker --pool observer,maintenance --concurrency 16
  REDIS_URL=redis://queue:6379 LAKE_URL=s3://lake/main millrace worker --pool cohort-ingest`,
    )
    .action(async ({ pool, concurrency, attached }: Options) => {
      const settings = { WORKER_POOLS: pool.join(","), WORKER_CONCURRENCY: concurrency?.toString() };
      await serve(context, "worker", { attached: attached === true, settings });
    });
}
