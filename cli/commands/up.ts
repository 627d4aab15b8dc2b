import { type Command, InvalidArgumentError, Option } from "commander";
import { type PoolName, poolNames } from "../../queues/pools.ts";
import type { CliContext } from "../context.ts";
import { parsePools, parsePositive } from "../pool-names.ts";

export interface UpOptions {
  readonly pools: readonly PoolName[];
  readonly concurrency?: number;
  readonly grace: number;
  readonly jsonLogs?: boolean;
}

export function define(command: Command, context: CliContext): void {
  command
    .addOption(
      new Option("-p, --pools <names>", "only these pools, comma-separated")
        .argParser(parsePools)
        .default([...poolNames], "every pool"),
    )
    .option("-c, --concurrency <n>", "jobs of one pool to run at a time", parsePositive)
    .option("--grace <seconds>", "how long a process may take to end", parseSeconds, 10)
    .option("--json-logs", "print the logs as the processes write them")
    .addHelpText(
      "after",
      `
Starts the API, the scheduler and a worker for each pool, each a process of its own, on the Redis that REDIS_URL names or
one of their own; starts again what dies. Ctrl-C ends it all in order, a second one at once. Logs go to stdout; with --json
they go to stderr, and stdout takes the addresses once everything serves.

Examples:
  millrace up
  millrace up --pools observer,maintenance --concurrency 16
  LAKE_URL=/srv/lake API_PORT=8080 millrace up --json-logs > millrace.log`,
    )
    .action(async (options: UpOptions) => (await import("../up/run.ts")).up(context, options));
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new InvalidArgumentError(`It must be a number of seconds, not ${text}.`);
}
