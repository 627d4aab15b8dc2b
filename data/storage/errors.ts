import { DataError } from "../errors.ts";

/** A key that cannot name an object: it would leave the storage, or mean different objects in different places. */
export class BadKeyError extends DataError {
  override readonly name: string = "BadKeyError";
}

/** The place that keeps the bytes refused or failed; nothing was left under the key. */
export class StorageError extends Error {
  override readonly name: string = "StorageError";
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free space or move the lake",
  EDQUOT: "the disk quota is used up; free space or raise it",
  EROFS: "the disk is read-only; mount it for writing",
  EACCES: "the folder does not allow it; check who owns it",
  EPERM: "the file system does not allow it; the lake needs one with hard links",
  EMFILE: "too many files are open; raise the limit of open files",
};

/** The error that a failed write surfaces: what was written where, why it failed, what to do. */
export function writeError(url: string, key: string, error: unknown): unknown {
  if (hasCode(error, "ENAMETOOLONG"))
    return new BadKeyError(`A part of the key ${key} is too long for the file system of ${url}; shorten it.`);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = reasons[code];
  if (reason === undefined) return error;
  return new StorageError(`Writing ${key} to ${url} failed (${code}): ${reason}.`, { cause: error });
}
