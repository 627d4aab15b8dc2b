import { crashPoint } from "../crash-point.ts";
import { DataError } from "../errors.ts";
import type { StoredObject } from "../storage/storage.ts";
import type { AddFile, RemoveFile } from "./actions.ts";
import { urisOf } from "./deletion-vector.ts";
import { RetentionError } from "./errors.ts";
import { keyOf } from "./locate.ts";
import type { TableContext } from "./open-table.ts";
import { retentionMs } from "./retention.ts";
import { readSnapshot } from "./snapshot.ts";
import type { VacuumOptions, VacuumResult } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { checkWritable } from "./writable.ts";

const DELETED_AT_ONCE = 32;

/** Removes files that no version within the retention needs: of removed rows, of changes, and of writes that died. */
export async function vacuum(
  context: TableContext,
  { retentionMs: asked, dryRun = false, force = false }: VacuumOptions = {},
): Promise<VacuumResult> {
  const { storage, root, openDuckDB, name } = context;
  // Listed before the log is read: what is committed between the two is not in the list, and so is not removed.
  const objects = await listObjects(context);
  const snapshot = await readSnapshot(storage, root, openDuckDB);
  checkWritable(snapshot, name);
  const own = retentionMs(snapshot.properties);
  const retention = asked ?? own;
  if (!(retention >= 0))
    throw new DataError(`A retention of ${retention} ms is none; give a number from 0 on.`);
  if (retention < own && !force)
    throw new RetentionError(
      `A retention of ${hours(retention)} for ${name} is below the table's own of ${hours(own)}: readers and writers at work could lose their files.`,
    );

  const expired = expiredObjects(context, snapshot, objects, Date.now() - retention);
  if (!dryRun) await deleteAll(context, expired);
  const prefix = root === "" ? 0 : root.length + 1;
  return {
    files: expired.map(({ key }) => key.slice(prefix)),
    sizeBytes: expired.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    dryRun,
  };
}

async function listObjects({ storage, root }: TableContext): Promise<StoredObject[]> {
  const prefix = root === "" ? "" : `${root}/`;
  const objects: StoredObject[] = [];
  for await (const object of storage.list(prefix))
    if (!isHidden(object.key.slice(prefix.length))) objects.push(object);
  return objects;
}

/** Folders and files that begin with `_` or `.` are not the table's data; change files are the exception. */
function isHidden(path: string): boolean {
  const [first = "", ...rest] = path.split("/");
  const segments = first === "_change_data" ? rest : [first, ...rest];
  // A partition column may be called `_x`; its folders tell themselves by the equals sign.
  return segments.some((segment) => /^[._]/.test(segment) && !segment.includes("="));
}

function expiredObjects(
  { storage, root }: TableContext,
  { liveFiles, tombstones }: TableSnapshot,
  objects: readonly StoredObject[],
  before: number,
): StoredObject[] {
  const keysOf = (file: AddFile | RemoveFile) => urisOf(file).map((uri) => keyOf(storage, root, uri));
  const live = new Set([...liveFiles.values()].flatMap(keysOf));
  const removedAt = new Map<string | undefined, number>();
  for (const file of tombstones.values())
    for (const key of keysOf(file))
      removedAt.set(key, Math.max(removedAt.get(key) ?? 0, file.deletionTimestamp ?? 0));
  return objects.filter(({ key, modifiedAt }) => {
    if (live.has(key)) return false;
    // A file without a tombstone may belong to a commit that is being made.
    return (removedAt.get(key) ?? modifiedAt.getTime()) <= before;
  });
}

async function deleteAll({ storage }: TableContext, objects: readonly StoredObject[]): Promise<void> {
  for (let from = 0; from < objects.length; from += DELETED_AT_ONCE) {
    const some = objects.slice(from, from + DELETED_AT_ONCE);
    await Promise.all(
      some.map(async ({ key }) => {
        await storage.delete(key);
        crashPoint("vacuum-half-done");
      }),
    );
  }
}

function hours(ms: number): string {
  return `${Math.round(ms / 36_000) / 100} hours`;
}
