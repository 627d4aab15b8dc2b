import { createReadStream } from "node:fs";
import { link, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import { crashPoint } from "../crash-point.ts";
import { NotFoundError } from "../errors.ts";
import { hasCode, writeError } from "./errors.ts";
import { folderDrafts } from "./folder-draft.ts";
import { syncFolder, withFolder, writeSynced } from "./folder-file.ts";
import { listFolder } from "./folder-list.ts";
import { folderLogs } from "./folder-logs.ts";
import { checkKey, checkPrefix } from "./key.ts";
import type { Storage, StoredObject } from "./storage.ts";

/** A folder on this machine; its objects are plain files, and drafts wait in its `.tmp`. */
export function openFolder(path: string): Storage {
  const root = resolve(path);
  const pathOf = (key: string) => join(root, checkKey(key));
  const drafts = folderDrafts(root);

  const describe = async (key: string): Promise<StoredObject | undefined> => {
    const found = await stat(pathOf(key)).catch(missing(undefined));
    return found?.isFile() ? { key, sizeBytes: found.size, modifiedAt: found.mtime } : undefined;
  };
  const existing = <Value>(key: string, reading: Promise<Value>) =>
    reading.catch((error: unknown) => {
      throw hasCode(error, "ENOENT", "ENOTDIR", "EISDIR") ? notFound(root, key) : error;
    });

  return {
    url: root,
    get: (key) => existing(key, readFile(pathOf(key))),
    getRange: (key, start, end) => existing(key, readRange(pathOf(key), start, end)),
    async read(key) {
      const file = await existing(key, open(pathOf(key)));
      return createReadStream("", { fd: file });
    },
    async put(key, body) {
      const path = pathOf(key);
      const temporary = await drafts.newPath(extname(key));
      try {
        const { size, mtime } = await withFolder(root, temporary, () => writeSynced(temporary, body));
        await withFolder(root, path, () => rename(temporary, path));
        await syncFolder(dirname(path));
        return { key, sizeBytes: size, modifiedAt: mtime };
      } catch (error) {
        await rm(temporary, { force: true });
        throw writeError(root, key, error);
      }
    },
    async putIfAbsent(key, body) {
      const path = pathOf(key);
      const temporary = await drafts.newPath(extname(key));
      try {
        await withFolder(root, temporary, () => writeSynced(temporary, body));
        crashPoint("commit-unlinked");
        await withFolder(root, path, () => link(temporary, path));
        await syncFolder(dirname(path));
        return true;
      } catch (error) {
        if (hasCode(error, "EEXIST")) return false;
        throw writeError(root, key, error);
      } finally {
        await rm(temporary, { force: true });
      }
    },
    draft: (key) => drafts.create(key, pathOf(key)),
    list: (prefix, options) => listFolder(root, checkPrefix(prefix), options?.startAfter ?? ""),
    async delete(key) {
      await rm(pathOf(key), { force: true }).catch(missing(undefined));
    },
    stat: describe,
    logs: folderLogs(root, pathOf),
    localPath: async (key) => pathOf(key),
    async [Symbol.asyncDispose]() {},
  };
}

async function readRange(path: string, start: number, end?: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const from = start < 0 ? Math.max(0, size + start) : Math.min(start, size);
    const to = Math.max(from, Math.min(end ?? size, size));
    const bytes = Buffer.alloc(to - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function missing<Value>(value: Value) {
  return (error: unknown): Value => {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return value;
    throw error;
  };
}

function notFound(url: string, key: string): NotFoundError {
  return new NotFoundError(`There is no ${key} in ${url}.`);
}
