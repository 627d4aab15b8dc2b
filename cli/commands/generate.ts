import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { parsePositive } from "../pool-names.ts";
import type { ClinicalOptions } from "./generate/clinical.ts";
import type { MimicOptions } from "./generate/mimic.ts";

export function define(command: Command, context: CliContext): void {
  command.addHelpText(
    "after",
    `
The same seed writes the same content everywhere.

Examples:
  millrace generate clinical --patients 60 --visits 12 --out bundles
  millrace generate mimic --patients 500 --labs 100000 --out mimic`,
  );
  command
    .command("mimic")
    .description("invented files in the shape of a MIMIC-IV release, with the quirks of the real one")
    .option("--patients <n>", "how many subjects", parsePositive, 100)
    .option("--labs <n>", "rows of labevents", parsePositive, 20_000)
    .option("--seed <n>", "what the content is drawn from", parsePositive, 1)
    .option("--gzip", "write .csv.gz")
    .option("--no-bad-rows", "leave out the rows that cannot be read")
    .requiredOption("--out <dir>", "the folder to write into")
    .action(async (options: MimicOptions) =>
      (await import("./generate/mimic.ts")).writeMimic(context, options),
    );
  command
    .command("clinical")
    .description("invented FHIR bundles in the shape of Synthea Coherent, with notes, images and genomes")
    .option("--patients <n>", "how many patients, a bundle each", parsePositive, 60)
    .option("--visits <n>", "visits of a patient on average; Coherent has 112", parsePositive, 112)
    .option("--seed <n>", "what the content is drawn from", parsePositive, 1)
    .option("--defects", "add a file of every kind of bad input")
    .requiredOption("--out <dir>", "the folder to write into: fhir/ and dicom/")
    .action(async (options: ClinicalOptions) =>
      (await import("./generate/clinical.ts")).writeClinical(context, options),
    );
}
