import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Lake } from "../../data/lake.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import type { IndexDefinition } from "../../data/vectors/index-definition.ts";
import { createIndex } from "../../data/vectors/indexes.ts";
import { bell, seeded } from "../../data/vectors/seeded.ts";

const GIB = 1024 ** 3;
const CLUSTERS = 200;

export interface BenchIndex extends AsyncDisposable {
  readonly lake: Lake;
  readonly definition: IndexDefinition;
  readonly dir: string;
}

/** A lake with an index over invented vectors, in clusters as texts of a kind are. */
export async function inventIndex(
  rows: number,
  dimensions: number,
  changes: Partial<IndexDefinition> = {},
): Promise<BenchIndex> {
  const dir = await mkdtemp(join(tmpdir(), "bench-vectors-"));
  const lake = await openLake({
    storage: openFolder(join(dir, "lake")),
    duckdb: { memoryBytes: GIB, threads: 2, tempDir: join(dir, "spill") },
  });
  const definition: IndexDefinition = {
    name: "bench",
    table: "vectors.bench",
    idColumn: "id",
    content: { kind: "vector", column: "vector" },
    model: "given",
    dimensions,
    metric: "cosine",
    backend: "hnsw",
    targetRecall: 0.99,
    ...changes,
  };
  await createIndex(lake, definition);
  const centre = `(hash(i % ${CLUSTERS} || ' ' || x) % 2000)::double / 1000 - 1`;
  const noise = "(hash(i || ' ' || x) % 2000)::double / 1000 - 1";
  await lake.table("vectors.bench").append({
    sql: `select i::varchar as id, 0::int as chunk, null::varchar as text,
      list_transform(range(${dimensions}), lambda x: (${centre} + 0.8 * (${noise}))::float) as vector,
      'h' || i as content_hash, 'given' as model from range(${rows}) t(i)`,
  });
  return {
    lake,
    definition,
    dir,
    async [Symbol.asyncDispose]() {
      await lake[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Questions of a seed, each of no length in particular. */
export function inventQuestions(count: number, dimensions: number): number[][] {
  const random = seeded("questions");
  return Array.from({ length: count }, () => Array.from({ length: dimensions }, () => bell(random)));
}

export function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
