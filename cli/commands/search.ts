import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { SearchOptions } from "./search/find.ts";

export function define(command: Command, context: CliContext): void {
  command
    .argument("<index>", "the index to search: millrace vectors ls")
    .argument("[text]", "what to look for, in words")
    .option("--vector <json>", "what to look for, as numbers: '[0.1, 0.2, …]'")
    .option("-k <n>", "how many hits", "10")
    .option("--filter <sql>", "one condition over the columns of the index's table")
    .option("--hybrid", "also by the words themselves, both ranks fused")
    .option("--exact", "compare with every row: slow, and the truth")
    .option("--include <columns>", "columns of the row to show, comma-separated")
    .addHelpText(
      "after",
      `
The search runs in this process over the lake (LAKE_URL); no Redis and no API is needed.

Examples:
  millrace search notes "acute bacterial sinusitis"
  millrace search notes "coronary heart disease" --filter "patient_age > 60" --include patient_age,encounter_type -k 5
  millrace search notes "metformin 500 MG" --hybrid`,
    )
    .action(async (index: string, text: string | undefined, options: SearchOptions) =>
      (await import("./search/find.ts")).find(context, index, text, options),
    );
}
