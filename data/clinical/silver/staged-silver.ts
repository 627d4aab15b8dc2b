import type { StagedRows } from "../../delta/table.ts";
import { quote } from "../../sql/duckdb.ts";

/** Rows of one Silver table that a chunk of bundles left. */
export interface StagedSilver {
  /** Parquet with the table's columns and `record_order`. */
  readonly paths: readonly string[];
  /** Set where the files are the table's own, though of no version yet: those lack `record_order`. */
  readonly own?: {
    readonly rows: StagedRows;
    /** The place of the chunk's first bundle: no key is twice in the chunk, so it orders the records. */
    readonly firstBundle: number;
  };
}

/** An entry's place among all records of a refresh, by its bundle's and its own in it: the last record of a key wins. */
export function recordOrder(bundle: string, position: string): string {
  return `${bundle}::bigint * 1000000000 + ${position}`;
}

/** A SELECT of the rows, `record_order` among their columns; undefined when there are none. */
export function stagedSql(staged: readonly StagedSilver[]): string | undefined {
  const ordered = staged.filter(({ own }) => !own).flatMap(({ paths }) => paths);
  const selects = [
    ...(ordered.length > 0 ? [`select * from ${parquet(ordered)}`] : []),
    ...staged.flatMap(({ paths, own }) =>
      own && paths.length > 0
        ? [`select *, ${recordOrder(String(own.firstBundle), "0")} as record_order from ${parquet(paths)}`]
        : [],
    ),
  ];
  return selects.length > 0 ? selects.join(" union all by name ") : undefined;
}

function parquet(paths: readonly string[]): string {
  return `read_parquet([${paths.map(quote).join(", ")}])`;
}
