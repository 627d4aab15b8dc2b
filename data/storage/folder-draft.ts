import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { writeError } from "./errors.ts";
import { syncFile, syncFolder, withFolder } from "./folder-file.ts";
import type { Draft } from "./storage.ts";

/** Kept apart from the tables, and on their file system, so that a rename or a link is atomic. */
export const draftFolder = ".tmp";

/** No write takes this long: what is older was left by a process that died. */
const ABANDONED_MS = 7 * 24 * 3_600_000;

interface FolderDrafts {
  /** For a file of our own; its folder was there once, but may have been deleted since. */
  newPath(extension: string): Promise<string>;
  create(key: string, path: string): Promise<Draft>;
}

export function folderDrafts(root: string): FolderDrafts {
  const folder = join(root, draftFolder);
  let swept: Promise<void> | undefined;

  const newPath = async (extension: string) => {
    swept ??= mkdir(folder, { recursive: true }).then(() => sweep(folder));
    await swept;
    return join(folder, `${randomUUID()}${extension}`);
  };

  return {
    newPath,
    async create(key, path) {
      await mkdir(folder, { recursive: true });
      const temporary = await newPath(extname(key));
      return {
        path: temporary,
        async publish() {
          try {
            await syncFile(temporary);
            const { size, mtime } = await stat(temporary);
            await withFolder(root, path, () => rename(temporary, path));
            await syncFolder(dirname(path));
            return { key, sizeBytes: size, modifiedAt: mtime };
          } catch (error) {
            throw writeError(root, key, error);
          }
        },
        discard: () => rm(temporary, { force: true }),
      };
    },
  };
}

async function sweep(folder: string): Promise<void> {
  const before = Date.now() - ABANDONED_MS;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && found.mtimeMs < before) await rm(path, { force: true });
  }
}
