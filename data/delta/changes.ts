import type { Action, AddFile, ChangeFile, RemoveFile } from "./actions.ts";
import { Bitmap } from "./bitmap.ts";
import { inCommitTimes, wholeMilliseconds } from "./commit-time.ts";
import { VersionNotFoundError } from "./errors.ts";
import { keyOf } from "./locate.ts";
import { commitKey, readCommits } from "./log.ts";
import type { TableContext } from "./open-table.ts";
import { decodePath } from "./path.ts";
import { rowsSql, type ScanFile, scanFiles } from "./scan.ts";
import { readSnapshot } from "./snapshot.ts";
import type { Column } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";

const changeType: Column = { name: "_change_type", type: "string", nullable: false };
const commitVersion: Column = { name: "_commit_version", type: "long", nullable: false };
const commitTimestamp: Column = { name: "_commit_timestamp", type: "timestamp", nullable: false };

/** A SELECT of the rows that changed, with the columns that the table has at the end of the range. */
export async function changesSql(
  context: TableContext,
  { from, to }: { readonly from: number; readonly to?: number },
): Promise<string> {
  const { storage, root, openDuckDB } = context;
  const end = await readSnapshot(storage, root, openDuckDB, to === undefined ? {} : { version: to });
  checkRange(context, from, end.version, to);

  const written: ScanFile[] = [];
  const inferred: ScanFile[] = [];
  const partitions = new RemovedPartitions(end, from);
  for await (const { version, actions } of readCommits(storage, root, from, end.version)) {
    const commit = [String(version), (await timeOf(end, version, actions)).toISOString()];
    const cdc = actions.flatMap((action) => ("cdc" in action ? [action.cdc] : []));
    if (cdc.length > 0) written.push(...(await withConstants(end, cdc, commit)));
    else inferred.push(...(await inferChanges(end, actions, partitions, commit)));
    partitions.pass(actions);
  }

  const added = [commitVersion, commitTimestamp];
  const parts = [
    ...(written.length > 0 ? [await rowsSql(end, written, { stored: [changeType], constant: added })] : []),
    ...(inferred.length > 0 || written.length === 0
      ? [await rowsSql(end, inferred, { constant: [changeType, ...added] })]
      : []),
  ];
  return parts.join(" union all ");
}

/** Nothing newer is no error to one who asks for all that comes after the version he has. */
function checkRange({ name }: TableContext, from: number, end: number, to: number | undefined): void {
  if (Number.isInteger(from) && from >= 0 && (from <= end || (to === undefined && from === end + 1))) return;
  throw new VersionNotFoundError(
    `${name} has no changes from version ${from} to ${to ?? end}; its newest version is ${end}.`,
  );
}

async function timeOf(snapshot: TableSnapshot, version: number, actions: readonly Action[]): Promise<Date> {
  const { storage, root, metadata } = snapshot;
  const own = inCommitTimes(metadata);
  for (const action of actions) {
    if (!own || version < own.version || !("commitInfo" in action)) continue;
    const { inCommitTimestamp } = action.commitInfo;
    if (typeof inCommitTimestamp === "number") return new Date(inCommitTimestamp);
  }
  const file = await storage.stat(commitKey(root, version));
  return wholeMilliseconds(file?.modifiedAt ?? snapshot.timestamp);
}

async function withConstants(
  snapshot: TableSnapshot,
  files: readonly (ChangeFile | AddFile)[],
  constants: readonly string[],
): Promise<ScanFile[]> {
  await checkKept(snapshot, files);
  return (await scanFiles(snapshot, files)).map((file) => ({ ...file, constants }));
}

/** What a commit without change files did: the rows it added are inserts, those it removed deletes. */
async function inferChanges(
  snapshot: TableSnapshot,
  actions: readonly Action[],
  partitions: RemovedPartitions,
  commit: readonly string[],
): Promise<ScanFile[]> {
  const adds = new Map<string, AddFile>();
  const removes = new Map<string, AddFile>();
  for (const action of actions) {
    if ("add" in action && action.add.dataChange) adds.set(decodePath(action.add.path), action.add);
    if ("remove" in action && action.remove.dataChange)
      removes.set(decodePath(action.remove.path), await partitions.complete(action.remove));
  }

  const changes: ScanFile[] = [];
  for (const [path, add] of adds) {
    const removed = removes.get(path);
    removes.delete(path);
    if (removed) changes.push(...(await betweenVectors(snapshot, removed, add, commit)));
    else changes.push(...(await withConstants(snapshot, [add], ["insert", ...commit])));
  }
  changes.push(...(await withConstants(snapshot, [...removes.values()], ["delete", ...commit])));
  return changes;
}

/** The same file with another vector: the rows that one of the two hides and the other does not. */
async function betweenVectors(
  snapshot: TableSnapshot,
  before: AddFile,
  after: AddFile,
  commit: readonly string[],
): Promise<ScanFile[]> {
  const [old, now] = await scanFiles(snapshot, [before, after]);
  if (!old || !now) return [];
  const hidden = now.rows?.positions ?? new Bitmap();
  const wasHidden = old.rows?.positions ?? new Bitmap();
  return [
    { change: "delete", positions: hidden.minus(wasHidden) },
    { change: "insert", positions: wasHidden.minus(hidden) },
  ]
    .filter(({ positions }) => positions.cardinality > 0)
    .map(({ change, positions }) => ({
      path: now.path,
      partitionValues: now.partitionValues,
      rows: { positions, keep: true },
      constants: [change, ...commit],
    }));
}

/** Files of old versions go with vacuum, and a change feed without them would be silently short. */
async function checkKept(
  { storage, root }: TableSnapshot,
  files: readonly Pick<AddFile, "path">[],
): Promise<void> {
  for (const { path } of files) {
    const key = keyOf(storage, root, path);
    if (key !== undefined && !(await storage.stat(key)))
      throw new VersionNotFoundError(
        `A file that the changes of ${root || storage.url} need was vacuumed; begin at a later version.`,
      );
  }
}

/** Partition values of removed files: older writers name them only where the file is added. */
class RemovedPartitions {
  readonly #end: TableSnapshot;
  readonly #from: number;
  readonly #passed = new Map<string, AddFile>();
  #before: Promise<ReadonlyMap<string, AddFile>> | undefined;

  constructor(end: TableSnapshot, from: number) {
    this.#end = end;
    this.#from = from;
  }

  pass(actions: readonly Action[]): void {
    if (this.#end.partitionColumns.length === 0) return;
    for (const action of actions)
      if ("add" in action) this.#passed.set(decodePath(action.add.path), action.add);
  }

  async complete(remove: RemoveFile): Promise<AddFile> {
    const { partitionValues = await this.#find(remove.path), size = 0, ...rest } = remove;
    return { ...rest, partitionValues, size, modificationTime: 0 };
  }

  async #find(uri: string): Promise<Readonly<Record<string, string | null>>> {
    if (this.#end.partitionColumns.length === 0) return {};
    const path = decodePath(uri);
    const passed = this.#passed.get(path);
    if (passed) return passed.partitionValues;
    this.#before ??= this.#filesBefore();
    return (await this.#before).get(path)?.partitionValues ?? {};
  }

  async #filesBefore(): Promise<ReadonlyMap<string, AddFile>> {
    const { storage, root, openDuckDB } = this.#end;
    if (this.#from === 0) return new Map();
    const { liveFiles } = await readSnapshot(storage, root, openDuckDB, { version: this.#from - 1 });
    return new Map([...liveFiles.values()].map((file) => [decodePath(file.path), file]));
  }
}
