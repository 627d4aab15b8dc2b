import type { Command } from "commander";
import type { CliContext } from "../context.ts";

export function define(command: Command, context: CliContext): void {
  command.addHelpText(
    "after",
    `
Examples:
  millrace schedules ls
  millrace schedules run nightly-optimize
  millrace schedules disable nightly-vacuum     kept in the lake, for every scheduler and across restarts`,
  );
  command
    .command("ls", { isDefault: true })
    .description("list the schedules with their next and last fire (what millrace schedules alone does)")
    .action(async () => (await import("./schedules/list.ts")).listAll(context));
  command
    .command("run")
    .description("do the work of a schedule now and show its bars; its clock is not touched")
    .argument("<name>", "the schedule")
    .option("--detach", "only ask for it, and print the job")
    .action(async (name: string, options: { detach?: boolean }) =>
      (await import("./schedules/run.ts")).runSchedule(context, name, options),
    );
  for (const verb of ["enable", "disable"] as const) {
    command
      .command(verb)
      .description(verb === "enable" ? "let a schedule fire" : "let a schedule fire no more")
      .argument("<name>", "the schedule")
      .action(async (name: string) =>
        (await import("./schedules/switch.ts")).flip(context, name, verb === "enable"),
      );
  }
}
