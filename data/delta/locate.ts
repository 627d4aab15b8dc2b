import { basename, dirname } from "node:path";
import { DataError } from "../errors.ts";
import { openFolder } from "../storage/folder.ts";
import type { Storage } from "../storage/storage.ts";
import { decodePath, isAbsolute } from "./path.ts";

/**
 * The key under which the storage has a file of a table; undefined of a file that lies elsewhere. Absolute paths
 * into the storage come from writers that clone tables or say every path in full.
 */
export function keyOf(storage: Storage, root: string, uri: string): string | undefined {
  const path = decodePath(uri);
  if (!isAbsolute(path)) return root === "" ? path : `${root}/${path}`;
  const place = `${storage.url.replace(/\/$/, "")}/`;
  const normal = path.replace(/^s3[an]:\/\//, "s3://");
  return normal.startsWith(place) ? normal.slice(place.length) : undefined;
}

/** A path on this machine for a file that a log names. */
export async function locate(storage: Storage, root: string, uri: string): Promise<string> {
  const key = keyOf(storage, root, uri);
  if (key !== undefined) return storage.localPath(key);
  const path = decodePath(uri);
  if (path.startsWith("/") && storage.url.startsWith("/") && !path.includes("\n")) return path;
  throw new DataError(
    `A file of the table ${root || storage.url} lies outside ${storage.url}, where Millrace cannot read it: ` +
      "copy the table with all its files.",
  );
}

/** Some bytes of a file that a log names. */
export async function readAnywhere(
  storage: Storage,
  root: string,
  uri: string,
  start: number,
  end: number,
): Promise<Buffer> {
  const key = keyOf(storage, root, uri);
  if (key !== undefined) return storage.getRange(key, start, end);
  const path = await locate(storage, root, uri);
  return openFolder(dirname(path)).getRange(basename(path), start, end);
}
