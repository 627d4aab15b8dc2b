import { type Command, Option } from "commander";
import { backends, metrics } from "../../data/vectors/index-definition.ts";
import type { CliContext } from "../context.ts";
import { parsePositive } from "../pool-names.ts";
import type { CreateOptions } from "./vectors/create.ts";

export function define(command: Command, context: CliContext): void {
  command.addHelpText(
    "after",
    `
Examples:
  millrace vectors create notes --table gold.encounter_summary --id encounter_id --text soap_note_text
  millrace vectors refresh notes
  millrace vectors show notes
  millrace vectors promote notes "TRIAL"
  millrace table load vectors.npy --as corpus.vectors
  millrace vectors create corpus --table corpus.vectors --id id --vector vector --metric l2`,
  );
  defineCreate(command, context);
  command
    .command("ls", { isDefault: true })
    .description("list the indexes (what millrace vectors alone does)")
    .action(async () => (await import("./vectors/list.ts")).listVectors(context));
  command
    .command("show")
    .description("one index: its model, size, generation and how far behind its table it is")
    .argument("<index>")
    .action(async (index: string) => (await import("./vectors/show.ts")).showVectors(context, index));
  command
    .command("refresh")
    .description("embed what changed in the index's table since the last refresh")
    .argument("<index>")
    .action(async (index: string) => (await import("./vectors/refresh.ts")).refreshVectors(context, index));
  command
    .command("build")
    .description("build the next generation of an index and let it serve")
    .argument("<index>")
    .option("--force", "also where the generation that serves holds the same rows")
    .action(async (index: string, options: { force?: boolean }) =>
      (await import("./vectors/generations.ts")).buildVectors(context, index, options),
    );
  command
    .command("promote")
    .description("build with the setting of a trial and let it serve")
    .argument("<index>")
    .argument("<trial>", "its name, in quotes: millrace sql 'select distinct trial from vectors.trials'")
    .option("--width <n>", "one of the widths it measured (the narrowest that found enough)", parsePositive)
    .action(async (index: string, trial: string, options: { width?: number }) =>
      (await import("./vectors/generations.ts")).promoteTrial(context, index, trial, options),
    );
  command
    .command("generations")
    .description("what has served an index, and why")
    .argument("<index>")
    .action(async (index: string) =>
      (await import("./vectors/generations.ts")).listGenerations(context, index),
    );
  command
    .command("rollback")
    .description("let an earlier generation of an index serve again")
    .argument("<index>")
    .option("--to <generation>", "its number (the one that served before)", parsePositive)
    .action(async (index: string, options: { to?: number }) =>
      (await import("./vectors/generations.ts")).rollBackVectors(context, index, options),
    );
  command
    .command("drop")
    .description("remove an index, its vectors and its generations; its table stays")
    .argument("<index>")
    .action(async (index: string) => (await import("./vectors/drop.ts")).dropVectors(context, index));
}

function defineCreate(command: Command, context: CliContext): void {
  command
    .command("create")
    .description("create an index over a column of text, or of vectors")
    .argument("<index>", "its name: lower case letters, digits and _")
    .requiredOption("--table <table>", "the table, as gold.encounter_summary")
    .requiredOption("--id <column>", "the column that names a row")
    .option("--text <column>", "the column whose text is embedded")
    .option("--vector <column>", "the column that holds vectors already")
    .option("--embedder <name>", "with --text: built-in, or a model that the model server has", "built-in")
    .option("--chunk-size <n>", "with --text: code points of the longest chunk", parsePositive, 1_000)
    .option("--overlap <n>", "with --text: code points that a chunk shares with the one before", Number, 100)
    .option("--redact", "with --text: replace what looks like a person's data before it is embedded")
    .addOption(new Option("--metric <metric>", "how near is measured").choices(metrics).default("cosine"))
    .addOption(
      new Option("--backend <backend>", "a graph in memory, or an index on disk")
        .choices(backends)
        .default("hnsw"),
    )
    .option("--target-recall <share>", "the share of true neighbours to find", Number, 0.99)
    .action(async (index: string, options: CreateOptions) =>
      (await import("./vectors/create.ts")).createVectors(context, index, options),
    );
}
