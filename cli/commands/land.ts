import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { parsePositive } from "../pool-names.ts";
import type { LandOptions } from "./clinical/land.ts";

export function define(command: Command, context: CliContext): void {
  command
    .requiredOption("--source <place>", "a folder or s3://bucket/prefix; its fhir folder, where it has one")
    .option("--cohorts <n>", "how many cohorts, named A, B, C and so on", parsePositive, 3)
    .option("--labels <names>", "the cohorts' own names instead, comma-separated")
    .option("--max-files <n>", "only the first bundles, by name", parsePositive)
    .option("--with-dicom", "also the studies in the dicom folder beside the bundles")
    .option("--with-csv", "also the tables in the csv folder beside them; kept and not read")
    .option("--assets-only", "only those, and no bundles")
    .option("--settle-ms <n>", "leave files younger than this for the next time", Number, 2_000)
    .addHelpText(
      "after",
      `
Bundles that are there already are passed over; one whose content changed lands as a new version beside the old. A
bundle is known by its file name in all of the lake: one of the same name is a new version also when it comes from
another folder or under another label, and keeps the label of the first.
A bucket is read without credentials; Synthea Coherent lies at the address below (CC BY 4.0, MITRE).

Examples:
  millrace land --source ./bundles
  millrace land --source s3://synthea-open-data/coherent/unzipped/fhir --max-files 30
  millrace land --source ./coherent --with-dicom --cohorts 5`,
    )
    .action(async (options: LandOptions) => (await import("./clinical/land.ts")).land(context, options));
}
