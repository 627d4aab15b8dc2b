import { DataError } from "../../errors.ts";
import { findSource, type SourceFile } from "./source-file.ts";
import { sourceTables } from "./tables.ts";

/** The files of a release; one error names every table that is missing. */
export async function findSources(root: string): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  const missing: string[] = [];
  for (const table of sourceTables) {
    const file = await findSource(root, table);
    if (file) files.push(file);
    else if (table.required) missing.push(`${table.name}.csv`);
  }
  if (missing.length > 0) {
    throw new DataError(
      `The source folder lacks ${missing.join(", ")} (plain or .gz, in it or in its hosp folder). Access to MIMIC-IV is requested at https://physionet.org/content/mimiciv/; \`millrace generate mimic\` writes files of the same shape`,
    );
  }
  return files;
}
