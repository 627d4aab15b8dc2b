import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "./errors.ts";
import { draftFolder } from "./folder-draft.ts";
import { compareKeys } from "./key.ts";
import type { StoredObject } from "./storage.ts";

const STATS_AT_ONCE = 64;

/** Walks only the folders that can hold keys with `prefix` after `startAfter`, in the order of the keys' bytes. */
export async function* listFolder(
  root: string,
  prefix: string,
  startAfter: string,
): AsyncGenerator<StoredObject> {
  yield* walk(root, prefix.slice(0, prefix.lastIndexOf("/") + 1), prefix, startAfter);
}

async function* walk(
  root: string,
  folder: string,
  prefix: string,
  startAfter: string,
): AsyncGenerator<StoredObject> {
  const entries = await entriesOf(root, folder);
  const wanted = entries.filter(
    ({ key, isFolder }) =>
      (key.startsWith(prefix) || (isFolder && prefix.startsWith(key))) &&
      (compareKeys(key, startAfter) > 0 || (isFolder && startAfter.startsWith(key))),
  );

  for (let from = 0; from < wanted.length; from += STATS_AT_ONCE) {
    const slice = wanted.slice(from, from + STATS_AT_ONCE);
    const objects = await Promise.all(
      slice.map(({ key, isFolder }) => (isFolder ? key : describe(root, key))),
    );
    for (const object of objects) {
      if (typeof object === "string") yield* walk(root, object, prefix, startAfter);
      else if (object) yield object;
    }
  }
}

interface Entry {
  readonly key: string;
  readonly isFolder: boolean;
}

/** A folder sorts as its name with the slash that its keys have: `a-b` comes before `a/c`. */
async function entriesOf(root: string, folder: string): Promise<Entry[]> {
  const found = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  });
  const entries = await Promise.all(
    found
      .filter((entry) => folder !== "" || entry.name !== draftFolder)
      .map(async (entry) => {
        const isFolder = await leadsToFolder(join(root, folder), entry);
        return { key: `${folder}${entry.name}${isFolder ? "/" : ""}`, isFolder };
      }),
  );
  return entries.sort((a, b) => compareKeys(a.key, b.key));
}

async function leadsToFolder(folder: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const target = await stat(join(folder, entry.name)).catch(() => undefined);
  return target?.isDirectory() ?? false;
}

async function describe(root: string, key: string): Promise<StoredObject | undefined> {
  const found = await stat(join(root, key)).catch(() => undefined);
  return found?.isFile() ? { key, sizeBytes: found.size, modifiedAt: found.mtime } : undefined;
}
