import { pathList } from "./file-list.ts";
import { holdsVectors } from "./schema.ts";
import type { Column } from "./table.ts";

/** Four of DuckDB's row groups, which threads take one by one. */
const MANY_ROWS = 491_520;
/** Groups of rows with vectors are small; these are several of them. */
const MANY_VECTORS = 32_768;

/** Whether a file has so many rows that several threads read it sooner than one, though each of them has to begin. */
export function isWorthSharing(rowCount: number | undefined, stored: readonly Column[]): boolean {
  return (rowCount ?? 0) >= (stored.some(holdsVectors) ? MANY_VECTORS : MANY_ROWS);
}

/**
 * A file as all threads read it. Of a single file whose schema it was told DuckDB knows no groups of rows when it plans, and
 * gives it one thread; several files get all of them. So it is named twice, and passed over the second time. For searching
 * rows: large queries over whole tables take half as long again over a file that is named twice.
 */
export function sharedScan(path: string, options: string): string {
  return `(select *, filename, file_index, file_row_number from read_parquet(${pathList([path, path])}, ${options}) where file_index = 0)`;
}
