import { constants, statSync } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode, writeError } from "./errors.ts";
import { syncFolder, withFolder } from "./folder-file.ts";
import type { LogFile, LogFiles } from "./storage.ts";

/** Each write waits for the disk by itself, which is one call where writing and syncing are two. */
const flags =
  constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_APPEND | constants.O_DSYNC;

export function folderLogs(root: string, pathOf: (key: string) => string): LogFiles {
  return {
    async create(key) {
      const path = pathOf(key);
      try {
        const file = await withFolder(root, path, () => open(path, flags));
        await syncFolder(dirname(path));
        const { ino } = await file.stat();
        return new GrowingFile(file, { root, key, path, ino });
      } catch (error) {
        throw writeError(root, key, error);
      }
    },
    async seal(key, sealedKey) {
      try {
        await rename(pathOf(key), pathOf(sealedKey));
        return true;
      } catch (error) {
        if (hasCode(error, "ENOENT")) return false;
        throw error;
      }
    },
  };
}

interface Place {
  readonly root: string;
  readonly key: string;
  readonly path: string;
  readonly ino: number;
}

class GrowingFile implements LogFile {
  readonly #file: FileHandle;
  readonly #place: Place;
  #size = 0;

  constructor(file: FileHandle, place: Place) {
    this.#file = file;
    this.#place = place;
  }

  async append(text: string): Promise<boolean> {
    const { root, key } = this.#place;
    const bytes = Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
    } catch (error) {
      // Whoever reads it later must not find what was refused.
      await this.#file.truncate(this.#size).catch(() => undefined);
      throw writeError(root, key, error);
    }
    this.#size += bytes.length;
    return this.#isInPlace();
  }

  /**
   * Sealing is a rename: who finds the file in its place after the write has written before it is read. The system knows
   * the name of a file just written without asking the disk; a busy event loop would make of these microseconds a turn of
   * milliseconds, in which all who wait for the next write wait too.
   */
  #isInPlace(): boolean {
    const { path, ino } = this.#place;
    try {
      return statSync(path).ino === ino;
    } catch (error) {
      if (hasCode(error, "ENOENT")) return false;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
