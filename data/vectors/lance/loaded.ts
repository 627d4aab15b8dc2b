import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ownTempDir } from "../../own-temp-dir.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Pointer } from "../generation.ts";
import type { LoadedIndex } from "../generations/loaded-index.ts";
import { BrokenIndexFileError } from "../hnsw/graph-file.ts";
import type { IndexDefinition } from "../index-definition.ts";
import { lanceQuery, loadLanceDb, TABLE } from "./binding.ts";

/** Opens a generation that stays on disk; of a lake elsewhere it is brought here first. */
export async function loadLance(
  storage: Storage,
  definition: IndexDefinition,
  pointer: Pointer,
): Promise<LoadedIndex> {
  const lancedb = await loadLanceDb();
  if (!lancedb) throw new Error("@lancedb/lancedb is not installed here: npm install @lancedb/lancedb");
  const { generation } = pointer;
  const place = await placeOf(storage, generation.key, generation.sizeBytes);
  const connection = await lancedb.connect(place.path);
  const table = await connection.openTable(TABLE);
  let closed = false;
  return {
    pointer,
    metric: definition.metric,
    rows: generation.rows,
    memoryBytes: 0,
    async nearest(vector, k, wider = 0) {
      if (closed) throw new Error("This generation of the index was given up while a search still read it.");
      const width = Math.max(generation.setting.efSearch, wider);
      return lanceQuery(table, definition.metric, vector, k, width);
    },
    close() {
      if (closed) return;
      closed = true;
      table.close();
      connection.close();
      if (place.temporary) void rm(place.path, { recursive: true, force: true });
    },
  };
}

/** The keys of the files of a generation; rejects unless they are as long together as its pointer says. */
export async function partsOf(storage: Storage, key: string, sizeBytes: number): Promise<string[]> {
  const parts: string[] = [];
  let found = 0;
  for await (const part of storage.list(`${key}/`)) {
    parts.push(part.key);
    found += part.sizeBytes;
  }
  if (found === sizeBytes) return parts;
  throw new BrokenIndexFileError("The Lance index has not the files that its pointer names: build it again.");
}

async function placeOf(storage: Storage, key: string, sizeBytes: number) {
  const parts = await partsOf(storage, key, sizeBytes);
  const [first = ""] = parts;
  if (storage.cacheBytes === undefined) {
    let path = await storage.localPath(first);
    for (const _step of first.slice(key.length + 1).split("/")) path = dirname(path);
    return { path, temporary: false };
  }
  await mkdir(ownTempDir, { recursive: true });
  const path = await mkdtemp(join(ownTempDir, "lance-"));
  for (const part of parts) {
    const file = join(path, part.slice(key.length + 1));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, await storage.get(part));
  }
  return { path, temporary: true };
}
