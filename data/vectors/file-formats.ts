import { extname } from "node:path";
import { DataError } from "../errors.ts";

export const fileFormats = ["parquet", "csv", "ndjson", "npy", "fvecs"] as const;
export type FileFormat = (typeof fileFormats)[number];

const byExtension: Readonly<Record<string, FileFormat>> = {
  ".parquet": "parquet",
  ".csv": "csv",
  ".tsv": "csv",
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
  ".npy": "npy",
  ".fvecs": "fvecs",
};

/** What a file holds, by the ending of its name. */
export function formatOf(path: string): FileFormat {
  const name = path.toLowerCase().endsWith(".gz") ? path.slice(0, -".gz".length) : path;
  const format = byExtension[extname(name).toLowerCase()];
  if (format) return format;
  throw new DataError(
    `The file's name does not say what it holds; its ending is one of ${Object.keys(byExtension).join(", ")}.`,
  );
}
