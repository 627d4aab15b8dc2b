import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Readable } from "node:stream";
import { hasCode } from "./errors.ts";
import { writeSynced } from "./folder-file.ts";
import type { CacheOptions } from "./open-storage.ts";

/** After growing by this part of its bound the folder is measured anew: other processes fill it as well. */
const MEASURE_EVERY = 0.05;
/** What eviction leaves, so that it does not run at every object. */
const EVICT_TO = 0.9;
/** How old the recorded use of a file may grow before it is recorded again. */
const TOUCH_MS = 30_000;
const ABANDONED_MS = 24 * 3_600_000;

/** Copies of objects that never change, on this machine; processes may share one folder. */
export interface ObjectCache {
  /** The file with the object's content, fetched if it is not there; one fetch serves all who wait for it. */
  path(key: string, fetch: () => Promise<Readable>): Promise<string>;
  /** Takes a finished file as the content of `key`. */
  adopt(key: string, file: string): Promise<void>;
  /** A place for a file that may later be adopted. */
  temporaryPath(extension: string): Promise<string>;
  forget(key: string): Promise<void>;
}

/** `place` names whose objects they are, so that two lakes with equal keys never meet. */
export function openCache({ dir, maxBytes }: CacheOptions, place: string): ObjectCache {
  const folder = join(dir, hash(place).slice(0, 16));
  const partial = join(dir, ".partial");
  const fetching = new Map<string, Promise<string>>();
  const touched = new Map<string, number>();
  const bound = new CacheBound(dir, maxBytes);
  const pathOf = (key: string) => {
    const name = hash(key);
    return join(folder, name.slice(0, 2), `${name}${extname(key)}`);
  };

  const temporaryPath = async (extension: string) => {
    await mkdir(partial, { recursive: true });
    return join(partial, `${randomUUID()}${extension}`);
  };

  const settle = async (file: string, path: string) => {
    await mkdir(join(path, ".."), { recursive: true });
    const { size } = await stat(file);
    await rename(file, path);
    await touch(path, touched);
    await bound.grew(size);
  };

  const fetchTo = async (path: string, key: string, fetch: () => Promise<Readable>) => {
    const temporary = await temporaryPath(extname(key));
    try {
      await writeSynced(temporary, await fetch());
      await settle(temporary, path);
      return path;
    } finally {
      await rm(temporary, { force: true });
    }
  };

  return {
    temporaryPath,
    async path(key, fetch) {
      const path = pathOf(key);
      const running = fetching.get(path);
      if (running) return running;
      if (await isThere(path, touched)) return path;
      const started = fetching.get(path) ?? fetchTo(path, key, fetch).finally(() => fetching.delete(path));
      fetching.set(path, started);
      return started;
    },
    adopt: (key, file) => settle(file, pathOf(key)),
    forget: (key) => rm(pathOf(key), { force: true }),
  };
}

async function isThere(path: string, touched: Map<string, number>): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return false;
  if ((touched.get(path) ?? found.mtimeMs) < Date.now() - TOUCH_MS) await touch(path, touched);
  return true;
}

/** The time of a cached file is that of its last use. */
async function touch(path: string, touched: Map<string, number>): Promise<void> {
  const now = Date.now();
  touched.set(path, now);
  await utimes(path, now / 1000, now / 1000).catch((error: unknown) => {
    if (!hasCode(error, "ENOENT")) throw error;
  });
}

class CacheBound {
  readonly #dir: string;
  readonly #maxBytes: number;
  #measuredBytes: number | undefined;
  #grownBytes = 0;
  #evicting: Promise<void> | undefined;

  constructor(dir: string, maxBytes: number) {
    this.#dir = dir;
    this.#maxBytes = maxBytes;
  }

  async grew(bytes: number): Promise<void> {
    this.#grownBytes += bytes;
    const isStale = this.#measuredBytes === undefined || this.#grownBytes > this.#maxBytes * MEASURE_EVERY;
    const isFull = (this.#measuredBytes ?? 0) + this.#grownBytes > this.#maxBytes;
    if (!isStale && !isFull) return;
    this.#evicting ??= this.#evict().finally(() => {
      this.#evicting = undefined;
    });
    await this.#evicting;
  }

  async #evict(): Promise<void> {
    this.#grownBytes = 0;
    const files = await cachedFiles(this.#dir);
    let total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (total > this.#maxBytes) {
      files.sort((a, b) => a.usedAtMs - b.usedAtMs);
      for (const { path, sizeBytes } of files) {
        if (total <= this.#maxBytes * EVICT_TO) break;
        await rm(path, { force: true });
        total -= sizeBytes;
      }
    }
    this.#measuredBytes = total;
  }
}

interface CachedFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly usedAtMs: number;
}

/** All cached files of all lakes; what a dead process left half-fetched goes on the way. */
async function cachedFiles(dir: string): Promise<CachedFile[]> {
  const files: CachedFile[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const found = await stat(path).catch(() => undefined);
    if (!found) continue;
    if (!entry.parentPath.endsWith(".partial"))
      files.push({ path, sizeBytes: found.size, usedAtMs: found.mtimeMs });
    else if (found.mtimeMs < Date.now() - ABANDONED_MS) await rm(path, { force: true });
  }
  return files;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
