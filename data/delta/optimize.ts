import { DataError } from "../errors.ts";
import type { AddFile } from "./actions.ts";
import { type Proposal, transact } from "./commit.ts";
import { type NewFile, writeFiles } from "./data-files.ts";
import { scanSql } from "./file-scan.ts";
import type { TableContext } from "./open-table.ts";
import { addActions, removeActions, storedRowsOf } from "./removed-file.ts";
import type { OptimizeOptions, WriteResult } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { targetBytes as targetOf, writingTo } from "./write-rows.ts";
import { localFiles, openSession, type WriteSession } from "./write-session.ts";

/** Says by what a file is sorted, so that sorting a sorted table does nothing. */
const SORTED_BY = "millrace.sortedBy";
/** A file of at least this part of the target is large enough. */
const LARGE_ENOUGH = 0.75;
/** A file with more hidden rows than this is written anew without them, whatever its size. */
const MOST_HIDDEN = 0.05;

/** Rewrites small files as larger ones, and with `sortBy` all that are not sorted so. The rows stay what they are. */
export async function optimize(context: TableContext, options: OptimizeOptions = {}): Promise<WriteResult> {
  const { sortBy, targetBytes, ...rest } = options;
  if (targetBytes !== undefined && !(Number.isSafeInteger(targetBytes) && targetBytes > 0))
    throw new DataError(`A target of ${targetBytes} bytes is none; give a whole number above 0.`);
  await using session = await openSession(context);
  const operation = { ...rest, name: "OPTIMIZE", parameters: { ...(sortBy !== undefined && { sortBy }) } };

  return await transact(context, operation, async (snapshot) => {
    const target = targetBytes ?? targetOf(snapshot);
    const groups = toGroups(snapshot, target, sortBy);
    if (groups.length === 0) return undefined;
    await using _spared = await (await context.openDuckDB()).spare(bytesOf(groups));
    return await rewrite(context, session, snapshot, groups, target, sortBy);
  });
}

function bytesOf(groups: readonly (readonly AddFile[])[]): number {
  return groups.flat().reduce((sum, { size }) => sum + size, 0);
}

/** Files that become new ones together; no group has files of two partitions. */
function toGroups(snapshot: TableSnapshot, target: number, sortBy: string | undefined): AddFile[][] {
  const partitions = new Map<string, AddFile[]>();
  for (const file of snapshot.liveFiles.values()) {
    const name = JSON.stringify(
      snapshot.partitionColumns.map((column) => file.partitionValues[column] || null),
    );
    const group = partitions.get(name);
    if (group) group.push(file);
    else partitions.set(name, [file]);
  }
  const groups = [...partitions.values()];
  if (sortBy !== undefined)
    return groups.filter((files) =>
      files.some((file) => file.tags?.[SORTED_BY] !== sortBy || hidesMuch(file)),
    );
  return groups.flatMap((files) => toBins(files, target));
}

function toBins(files: readonly AddFile[], target: number): AddFile[][] {
  const bins: AddFile[][] = [];
  let bin: AddFile[] = [];
  let sizeBytes = 0;
  for (const file of files.filter((file) => file.size < target * LARGE_ENOUGH || hidesMuch(file))) {
    if (bin.length > 0 && sizeBytes + file.size > target) {
      bins.push(bin);
      bin = [];
      sizeBytes = 0;
    }
    bin.push(file);
    sizeBytes += file.size;
  }
  bins.push(bin);
  return bins.filter((files) => files.length > 1 || files.some(hidesMuch));
}

function hidesMuch(file: AddFile): boolean {
  const hidden = file.deletionVector?.cardinality ?? 0;
  return hidden > 0 && hidden > (storedRowsOf(file) ?? 0) * MOST_HIDDEN;
}

async function rewrite(
  context: TableContext,
  session: WriteSession,
  snapshot: TableSnapshot,
  groups: readonly (readonly AddFile[])[],
  target: number,
  sortBy: string | undefined,
): Promise<Proposal> {
  const newFiles: NewFile[] = [];
  for (const files of groups) {
    const rows = scanSql(snapshot, await localFiles(context, files));
    const written = await writeFiles({
      ...writingTo(snapshot, session),
      sql: sortBy === undefined ? rows : `select * from (${rows}) order by ${sortBy}`,
      partition: files[0]?.partitionValues ?? {},
      // Without a sort a group is one file: its parts were small, and a split would leave a small one again.
      targetBytes: sortBy === undefined ? Number.MAX_SAFE_INTEGER : target,
    });
    newFiles.push(...written.map((file) => tagged(file, sortBy)));
  }
  return {
    actions: [...removeActions(groups.flat(), false), ...addActions(newFiles, false)],
    newFiles,
    read: "nothing",
    rows: { inserted: 0, updated: 0, deleted: 0 },
  };
}

function tagged(file: NewFile, sortBy: string | undefined): NewFile {
  return sortBy === undefined ? file : { ...file, add: { ...file.add, tags: { [SORTED_BY]: sortBy } } };
}
