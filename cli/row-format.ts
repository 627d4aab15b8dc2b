import { extname } from "node:path";
import { type FormatName, formatNames } from "../data/sql/formats/names.ts";
import { UsageFailure } from "./failure.ts";
import type { Output } from "./output.ts";

export type Format = FormatName | "table";

const known: readonly string[] = ["table", ...formatNames];
const byExtension: Readonly<Record<string, FormatName>> = {
  ".json": "json",
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
  ".csv": "csv",
  ".parquet": "parquet",
  ".arrow": "arrow",
  ".arrows": "arrow",
};

/** What was asked for, else what the file's name says, else a table for people and JSON for programs. */
export function chooseFormat(
  { format, out }: { readonly format?: string | undefined; readonly out?: string | undefined },
  output: Output,
): Format {
  if (format !== undefined && !known.includes(format)) {
    throw new UsageFailure(`There is no format ${format}.`, `give one of ${known.join(", ")}`);
  }
  if (out !== undefined) return format === undefined ? formatOf(out) : (format as Format);
  if (output.json && format !== undefined && format !== "json") {
    throw new UsageFailure(`--json and --format ${format} ask for two things.`, "leave one of them out");
  }
  if (output.json) return "json";
  const binary = format === "parquet" || format === "arrow";
  if (format === "parquet" || (binary && output.streams.stdout.isTTY)) {
    throw new UsageFailure(`${format} is not for a terminal.`, `add --out rows.${format}`);
  }
  return (format as Format | undefined) ?? "table";
}

export function formatOf(out: string): FormatName {
  const format = byExtension[extname(out).toLowerCase()];
  if (format) return format;
  throw new UsageFailure(
    `The name of ${out} does not say its format.`,
    `end it in ${Object.keys(byExtension).join(", ")}, or add --format`,
  );
}
