import { DuckDBBitValue } from "@duckdb/node-api";
import type { AddFile } from "./actions.ts";
import { Bitmap } from "./bitmap.ts";
import type { UnseenFile } from "./data-files.ts";
import { FILE, type LocalFile, ROW } from "./file-scan.ts";
import { rowsOf, storedRowsOf } from "./removed-file.ts";
import { asDataError } from "./source-columns.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { VectorFile } from "./vector-file.ts";
import { hidesRows } from "./writable.ts";
import type { WriteSession } from "./write-session.ts";

/** A file with more hidden rows than this costs its readers more than writing it anew costs once. */
const MOST_HIDDEN = 0.25;
const FILES_AT_ONCE = 32;

export interface Hiding {
  readonly file: LocalFile;
  /** By which the SELECT of rows names it. */
  readonly number: number;
}

export interface Hidden {
  /** The same files with their new vectors. */
  readonly files: readonly { readonly add: AddFile }[];
  /** The file of the vectors that are too long for the log. */
  readonly newFiles: readonly UnseenFile[];
}

/** Whether `gone` more rows of a file are hidden rather than the file written anew without them. */
export function isHideable(snapshot: TableSnapshot, add: AddFile, gone: number): boolean {
  const stored = storedRowsOf(add);
  const left = rowsOf(add);
  if (stored === undefined || left === undefined || !hidesRows(snapshot)) return false;
  return stored - left + gone <= stored * MOST_HIDDEN;
}

/** Takes rows out of files that stay as they are. `rows` is a SELECT of the file's number and the row's position. */
export async function hideRows(
  session: WriteSession,
  snapshot: TableSnapshot,
  files: readonly Hiding[],
  rows: string,
): Promise<Hidden> {
  const vectors = new VectorFile(snapshot);
  const marked: { readonly add: AddFile }[] = [];
  for (let from = 0; from < files.length; from += FILES_AT_ONCE) {
    const some = files.slice(from, from + FILES_AT_ONCE);
    const gone = await positionsOf(session, some, rows);
    for (const { file, number } of some) {
      const hidden = (file.hidden ?? new Bitmap()).plus(gone.get(number) ?? new Bitmap());
      const deletionVector = vectors.take(hidden);
      marked.push({ add: { ...file.add, deletionVector, ...wideStatistics(file.add) } });
    }
  }
  return { files: marked, newFiles: await vectors.write() };
}

/** The engine packs the positions into bits; one by one they would be numbers of JavaScript. */
async function positionsOf(
  { connection }: WriteSession,
  files: readonly Hiding[],
  rows: string,
): Promise<Map<number, Bitmap>> {
  const most = Math.max(...files.map(({ file }) => storedRowsOf(file.add) ?? 0));
  const lastBit = Math.ceil(most / 8) * 8 - 1;
  const numbers = files.map(({ number }) => number).join(", ");
  const reader = await asDataError(
    connection.runAndReadAll(
      `select ${FILE}, bitstring_agg(${ROW}, 0, ${lastBit}) from (${rows}) where ${FILE} in (${numbers}) group by ${FILE}`,
    ),
  );
  return new Map(
    reader.getRows().map(([number, bits]) => {
      if (!(bits instanceof DuckDBBitValue)) throw new Error("DuckDB packed no positions.");
      // The first byte says how many bits pad the others: none, for they are whole bytes.
      return [Number(number), Bitmap.ofBytes(bits.data.subarray(1))];
    }),
  );
}

/** Bounds may now be of rows that are hidden. */
function wideStatistics({ stats }: AddFile): Pick<AddFile, "stats"> {
  if (stats === undefined) return {};
  const told = /"tightBounds"\s*:\s*(true|false)/;
  if (told.test(stats)) return { stats: stats.replace(told, '"tightBounds":false') };
  return { stats: stats.replace(/\}\s*$/, ',"tightBounds":false}') };
}
