import { basename } from "node:path";

/** What the engine says of a file that is not there. */
const missing = /No files found that match the pattern|Cannot open file|No such file or directory/i;
/** What it says of a Parquet file that was cut or overwritten. */
const damaged =
  /No magic bytes found|too small to be a Parquet|TProtocolException|decompression failure|don't know what type|Metadata extraction failed/i;
const parquetName = /([^"'/\\\s]+\.parquet)/;

/** What is wrong with a data file, when that is what the engine's words are about. */
export function fileFault(said: string): string | undefined {
  const name = parquetName.exec(said)?.[1];
  const file = name === undefined ? "A data file of the table" : `The table's data file ${basename(name)}`;
  if (missing.test(said) && name !== undefined) return `${file} is missing.`;
  if (damaged.test(said)) return `${file} is damaged.`;
  return undefined;
}
