import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { ownTempDir } from "../../own-temp-dir.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Pointer } from "../generation.ts";
import { freeGraph, freeGraphAside, type Graph, openGraph } from "../hnsw/binding.ts";
import { splitGraphFile } from "../hnsw/graph-file.ts";
import type { Keys } from "../hnsw/keys.ts";
import type { IndexDefinition, Metric } from "../index-definition.ts";
import type { FoundRow } from "../search/newer-rows.ts";

/** A generation that can be searched now. */
export interface LoadedIndex {
  readonly pointer: Pointer;
  readonly metric: Metric;
  readonly rows: number;
  readonly memoryBytes: number;
  /** At most `k` near rows, the nearest first; wider than the setting if `width` says so. */
  nearest(vector: ArrayLike<number>, k: number, width?: number): FoundRow[] | Promise<FoundRow[]>;
  /** All chunks of a row with their vectors, where the index keeps those exactly and at hand. */
  chunksOf?(id: string): Promise<readonly Chunk[]>;
  close(): void;
}

interface Chunk {
  readonly chunk: number;
  readonly vector: readonly number[];
}

const KEYS_AT_ONCE = 20_000;

/** Reads a generation into memory, off the event loop. Rejects if the file is broken or the library is not here. */
export async function loadHnsw(
  storage: Storage,
  definition: IndexDefinition,
  pointer: Pointer,
): Promise<LoadedIndex> {
  const { generation } = pointer;
  const graph = await openGraph(definition.metric, definition.dimensions);
  await mkdir(ownTempDir, { recursive: true });
  const dir = await mkdtemp(join(ownTempDir, "graph-"));
  let keys: Keys;
  try {
    const path = join(dir, "graph");
    keys = await splitGraphFile(await storage.localPath(generation.key), path, {
      sha256: generation.sha256,
      dimensions: definition.dimensions,
    });
    await graph.readIndex(path);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  const labelsOf = labelIndex(keys);
  let closed = false;
  let width = 0;
  const open = () => {
    if (closed) throw new Error("This generation of the index was given up while a search still read it.");
  };
  return {
    pointer,
    metric: definition.metric,
    rows: keys.ids.length,
    memoryBytes: generation.sizeBytes,
    nearest(vector, k, wider = 0) {
      open();
      const wanted = Math.max(generation.setting.efSearch, k, wider);
      if (wanted !== width) graph.setEf(wanted);
      width = wanted;
      const asked = Array.isArray(vector) ? vector : Array.from(vector);
      const { neighbors, distances } = graph.searchKnn(asked, Math.min(k, keys.ids.length));
      return neighbors.map((label, at) => ({
        id: keys.ids[label] ?? "",
        chunk: keys.chunks[label] ?? 0,
        distance: distances[at] ?? 0,
      }));
    },
    async chunksOf(id) {
      const labels = await labelsOf(id);
      open();
      return labels.map((label) => ({ chunk: keys.chunks[label] ?? 0, vector: graph.getPoint(label) }));
    },
    close() {
      if (closed) return;
      closed = true;
      free(graph, definition, generation.sizeBytes);
    },
  };
}

/** Less is given back at once, in less time than it takes to do it aside. */
const SMALL_BYTES = 8 * 1024 ** 2;

function free(graph: Graph, { metric, dimensions }: IndexDefinition, sizeBytes: number): void {
  if (sizeBytes <= SMALL_BYTES) freeGraph(graph);
  else freeGraphAside(graph, metric, dimensions).catch(() => freeGraph(graph));
}

/** Made when first needed, for most searches never ask; in steps, for there may be millions of keys. */
function labelIndex({ ids }: Keys): (id: string) => Promise<readonly number[]> {
  let index: Promise<Map<string, number[]>> | undefined;
  const make = async () => {
    const labels = new Map<string, number[]>();
    for (const [label, id] of ids.entries()) {
      const known = labels.get(id);
      if (known) known.push(label);
      else labels.set(id, [label]);
      if (label % KEYS_AT_ONCE === KEYS_AT_ONCE - 1) await setImmediate();
    }
    return labels;
  };
  return async (id) => {
    index ??= make();
    return (await index).get(id) ?? [];
  };
}
