import type { Command } from "commander";
import type { CliContext } from "../context.ts";

export function define(command: Command, context: CliContext): void {
  command
    .option(
      "--dir <folder>",
      "keep what it makes in this folder (otherwise a temporary one, removed at the end)",
    )
    .addHelpText(
      "after",
      `
Brings up a cluster of its own on this machine, gives it work, kills a worker in the middle of it, and shows that
nothing was lost and nothing done twice. Needs nothing but Node.

Examples:
  millrace demo
  millrace demo --dir /tmp/millrace-demo`,
    )
    .action(async (options: { dir?: string }) => (await import("../demo/run.ts")).demo(context, options));
}
