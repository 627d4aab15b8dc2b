import { type Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { parsePositive } from "../pool-names.ts";
import type { BuildOptions } from "./sequences/build.ts";
import type { ExportOptions } from "./sequences/export.ts";
import { addSettings } from "./sequences/settings-options.ts";

export function define(command: Command, context: CliContext): void {
  command.addHelpText(
    "after",
    `
Examples:
  millrace generate mimic --patients 200 --out mimic
  millrace sequences build --source mimic --out run
  millrace sequences check --source mimic --out run
  millrace sequences report --out run`,
  );
  defineBuild(command, context);
  defineExport(command, context);
  command
    .command("check")
    .description(
      "hold the last build, and what was exported from it, against every assertion; exit 1 on a violation",
    )
    .option("--source <dir>", "the release that was read: its lines are counted again")
    .option("--out <dir>", "a folder that `build --out` or `export` wrote into")
    .action(async (options) => (await import("./sequences/check.ts")).checkSequences(context, options));
  command
    .command("report")
    .description("what was read, dropped and doubted; lengths of sequences; the most frequent codes")
    .option("--out <dir>", "also write report.json and lengths.svg into this folder")
    .action(async (options) => (await import("./sequences/report.ts")).reportSequences(context, options));
  command
    .command("inspect")
    .description("the sequence of one subject, admission by admission")
    .requiredOption("--subject <n>", "the subject_id", parsePositive)
    .option("--limit <n>", "tokens of an admission", parsePositive, 40)
    .action(async (options) => (await import("./sequences/inspect.ts")).inspectSubject(context, options));
}

function defineBuild(command: Command, context: CliContext): void {
  const build = command
    .command("build")
    .description("read a MIMIC-IV release and make events and tokens of it")
    .requiredOption("--source <dir>", "the folder of the release, or of its hosp tables")
    .option("--out <dir>", "then export tokens and MEDS data into this folder")
    .addOption(
      new Option(
        "--on-bad-row <what>",
        "fail on a row that cannot be read, or skip, count and list it",
      ).choices(["fail", "skip"]),
    )
    .option("--gem-diagnoses <file>", "with --icd icd10: the map of diagnoses that CMS publishes")
    .option("--gem-procedures <file>", "with --icd icd10: the map of procedures")
    .option("--rows-per-range <n>", "laboratory rows in one part of the work", parsePositive, 5_000_000);
  addSettings(build).action(async (options: BuildOptions) =>
    (await import("./sequences/build.ts")).buildSequences(context, options),
  );
}

function defineExport(command: Command, context: CliContext): void {
  command
    .command("export")
    .description("write the last build as Parquet shards of tokens or as a MEDS data set")
    .requiredOption("--out <dir>", "the folder to write into")
    .addOption(
      new Option("--format <format>", "what to write; both when left out").choices(["tokens", "meds"]),
    )
    .addOption(
      new Option("--layout <layout>", "files of about equal rows, or a folder a subject")
        .choices(["shards", "hive"])
        .default("shards"),
    )
    .option("--rows-per-shard <n>", "rows in one file", parsePositive, 2_000_000)
    .addOption(
      new Option("--days-column <name>", "what the days since the admission before are called")
        .choices(["days_since_prior", "days_since_prior_admission"])
        .default("days_since_prior"),
    )
    .addOption(
      new Option("--lab-time <time>", "MEDS: labs when the specimen was taken, or when the result was there")
        .choices(["chart", "store"])
        .default("chart"),
    )
    .addOption(
      new Option("--dx-time <time>", "MEDS: diagnoses at discharge, when they are known, or at admission")
        .choices(["discharge", "admission"])
        .default("discharge"),
    )
    .option("--dataset-version <version>", "MEDS: the release, as 3.1", "unknown")
    .action(async (options: ExportOptions) =>
      (await import("./sequences/export.ts")).exportSequences(context, options),
    );
}
