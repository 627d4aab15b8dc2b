import { type Command, Option } from "commander";
import { jobStates } from "../../queues/job-view.ts";
import type { CliContext } from "../context.ts";
import { parsePool, parsePositive } from "../pool-names.ts";
import type { ListOptions } from "./jobs/list.ts";

export function define(command: Command, context: CliContext): void {
  command.addHelpText(
    "after",
    `
Examples:
  millrace jobs ls --state failed
  millrace jobs kinds cohort-land
  millrace jobs run reconcile
  millrace jobs watch <id>`,
  );
  command
    .command("ls")
    .description("list jobs, the newest first")
    .option("--pool <name>", "only of this pool", parsePool)
    .addOption(new Option("--state <state>", "only in this state").choices(jobStates))
    .option("--limit <n>", "how many", parsePositive, 20)
    .addHelpText("after", "\nExample:\n  millrace jobs ls --pool silver-merge --state active")
    .action(async (options: ListOptions) => (await import("./jobs/list.ts")).listJobs(context, options));
  command
    .command("show")
    .description("all about one job: input, progress, parts, error, log")
    .argument("<id>", "the job")
    .action(async (id: string) => (await import("./jobs/show.ts")).showJob(context, id));
  command
    .command("watch")
    .description("show a job's bars until it ends; Ctrl-C leaves it running")
    .argument("<id>", "the job")
    .addHelpText("after", "\nEnds with 0 when the job succeeds and with 1 when it fails.")
    .action(async (id: string) => (await import("./jobs/watch.ts")).watchJob(context, id));
  command
    .command("kinds")
    .description("list the kinds of work, or the fields of one kind's input")
    .argument("[kind]", "the kind of work")
    .action(async (kind: string | undefined) => {
      const { listKinds, showKind } = await import("./jobs/kinds.ts");
      return kind === undefined ? listKinds(context) : showKind(context, kind);
    });
  command
    .command("run")
    .description("ask for work of any kind and show its bars until it ends")
    .argument("<kind>", "the kind of work")
    .option("--input <json>", "its input as JSON, or @file to read it from a file", "{}")
    .option("--detach", "only ask for it, and print the job")
    .addHelpText(
      "after",
      `
Ctrl-C cancels the job and waits for its end; a second one leaves it to itself. A job that was asked for before is not
cancelled: the first one leaves it. With no cluster running for this lake, one is brought up for as long as the job takes.

Examples:
  millrace jobs run reconcile
  millrace jobs run optimize-tables --input '{"tables":["silver.patient"]}'
  millrace jobs run optimize-tables --input @tables.json --detach`,
    )
    .action(async (kind: string, options: { input: string; detach?: boolean }) =>
      (await import("./jobs/run.ts")).runKind(context, kind, options),
    );
  command
    .command("cancel")
    .description("stop jobs and all their parts")
    .argument("<id...>", "the jobs")
    .action(async (ids: string[]) => (await import("./jobs/change.ts")).cancelJobs(context, ids));
  command
    .command("retry")
    .description("run failed jobs again, with all their attempts")
    .argument("<id...>", "the jobs")
    .action(async (ids: string[]) => (await import("./jobs/change.ts")).retryJobs(context, ids));
}
