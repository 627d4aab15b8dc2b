import { NotFoundError } from "../../errors.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Generation } from "../generation.ts";
import { BrokenIndexFileError, checkGraphFile } from "../hnsw/graph-file.ts";
import { partsOf } from "../lance/loaded.ts";

/** Whether this is said of a generation's file, and not of the machine that reads it: a build mends it. */
export function isBrokenFile(error: unknown): boolean {
  const isGone = error instanceof Error && "code" in error && error.code === "ENOENT";
  return isGone || error instanceof BrokenIndexFileError || error instanceof NotFoundError;
}

/** Why the file of a generation cannot be read; undefined: it can. Reads all of it. */
export async function troubleOf(storage: Storage, generation: Generation): Promise<string | undefined> {
  const { backend, key, sizeBytes } = generation;
  try {
    if (backend === "hnsw") await checkGraphFile(await storage.localPath(key), generation);
    else await partsOf(storage, key, sizeBytes);
    return undefined;
  } catch (error) {
    if (error instanceof Error && isBrokenFile(error)) return error.message;
    throw error;
  }
}
