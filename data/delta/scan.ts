import { setImmediate } from "node:timers/promises";
import { DataError } from "../errors.ts";
import { identifier } from "../sql/duckdb.ts";
import type { AddFile } from "./actions.ts";
import type { Bitmap } from "./bitmap.ts";
import { type Branch, branchSql, emptySql } from "./branch.ts";
import { readDeletionVector } from "./deletion-vector.ts";
import { byShape } from "./file-shape.ts";
import { locate } from "./locate.ts";
import { storedRowsOf } from "./removed-file.ts";
import type { Column } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";

/** A data file as a scan reads it. */
export interface ScanFile {
  readonly path: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  /** Reads only the rows at these positions, or all others. */
  readonly rows?: { readonly positions: Bitmap; readonly keep: boolean };
  /** How many rows it holds, as far as its statistics tell. */
  readonly rowCount?: number;
  /** The texts of further columns, the same in all rows of the file. */
  readonly constants?: readonly string[];
}

/** Columns that a scan adds to the table's own. */
export interface AddedColumns {
  /** Stored in the files though the schema does not have them. */
  readonly stored?: readonly Column[];
  /** Those whose values stand in `ScanFile.constants`. */
  readonly constant?: readonly Column[];
}

const LOCATED_AT_ONCE = 256;

/** A SELECT of a table's rows; see `Snapshot.readSql`. */
export async function readSql(
  snapshot: TableSnapshot,
  { columns, where }: { columns?: readonly string[]; where?: string } = {},
): Promise<string> {
  const files = await scanFiles(snapshot, [...snapshot.liveFiles.values()]);
  const rows = await rowsSql(snapshot, files);
  const list = columns?.map(identifier).join(", ") ?? "*";
  if (columns === undefined && where === undefined) return rows;
  return `select ${list} from (${rows})${where === undefined ? "" : ` where (${where})`}`;
}

type FileToScan = Pick<AddFile, "path" | "partitionValues" | "deletionVector" | "size" | "stats">;

/** Brings files of a table to this machine and reads their deletion vectors. */
export async function scanFiles(snapshot: TableSnapshot, files: readonly FileToScan[]): Promise<ScanFile[]> {
  checkFits(snapshot, files);
  const found: ScanFile[] = [];
  for (let from = 0; from < files.length; from += LOCATED_AT_ONCE) {
    const slice = files.slice(from, from + LOCATED_AT_ONCE);
    found.push(...(await Promise.all(slice.map((file) => scanFile(snapshot, file)))));
    // In a folder nothing is waited for, and promises alone never let the event loop go on.
    if (files.length > LOCATED_AT_ONCE) await setImmediate();
  }
  return found;
}

/** Files that do not fit into the cache together would push each other out before DuckDB opens them. */
export function checkFits({ storage, root }: TableSnapshot, files: readonly FileToScan[]): void {
  const sizeBytes = files.reduce((sum, { size }) => sum + size, 0);
  if (storage.cacheBytes !== undefined && sizeBytes > storage.cacheBytes)
    throw new DataError(
      `Reading ${root || storage.url} needs ${sizeBytes} bytes of files, more than the cache holds ` +
        `(${storage.cacheBytes}); raise CACHE_BYTES.`,
    );
}

async function scanFile(
  { storage, root }: TableSnapshot,
  { path, partitionValues, deletionVector, stats }: FileToScan,
): Promise<ScanFile> {
  const rowCount = storedRowsOf({ stats });
  const file = {
    path: await locate(storage, root, path),
    partitionValues,
    ...(rowCount !== undefined && { rowCount }),
  };
  if (!deletionVector) return file;
  const positions = await readDeletionVector(storage, root, deletionVector);
  return { ...file, rows: { positions, keep: false } };
}

/** A SELECT of the rows of `files`: the columns of the snapshot and those added to them. */
export async function rowsSql(
  snapshot: TableSnapshot,
  files: readonly ScanFile[],
  { stored = [], constant = [] }: AddedColumns = {},
): Promise<string> {
  const { partitionColumns, mapping } = snapshot;
  const columns = [...snapshot.columns, ...stored];
  const branches: Branch[] = [];
  for (const { files: alike, names } of await byShape(snapshot, files)) {
    for (const part of byTexts(alike, partitionColumns.length + constant.length > 0))
      branches.push({ columns, partitionColumns, constant, mapping, names, ...part });
  }
  if (branches.length === 0) return emptySql([...columns, ...constant]);
  return branches.map(branchSql).join(" union all ");
}

/** So many SELECTs at most, one for each partition; beyond it the values are joined to the files by name. */
const MAX_BRANCHES = 48;

/** So many files with deletion vectors are read one by one, each with its bits as a constant; more are joined to them. */
const MAX_FILTERED = 32;

/** Parts of the files that share all texts (partition values and constants), or one part in which each has its own. */
function byTexts(files: readonly ScanFile[], haveTexts: boolean): Pick<Branch, "files" | "isAlike">[] {
  const plain = files.filter(({ rows }) => !rows);
  const filtered = files.filter(({ rows }) => rows);
  const parts =
    filtered.length > MAX_FILTERED
      ? [{ files: filtered, isAlike: false }]
      : filtered.map((file) => ({ files: [file], isAlike: true }));
  if (plain.length === 0) return parts;
  if (!haveTexts) return [...parts, { files: plain, isAlike: true }];

  const groups = new Map<string, ScanFile[]>();
  for (const file of plain) {
    const texts = JSON.stringify([file.constants, Object.entries(file.partitionValues).sort()]);
    const group = groups.get(texts);
    if (group) group.push(file);
    else groups.set(texts, [file]);
    if (groups.size > MAX_BRANCHES) return [...parts, { files: plain, isAlike: false }];
  }
  return [...parts, ...[...groups.values()].map((group) => ({ files: group, isAlike: true }))];
}
