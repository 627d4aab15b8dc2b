import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { searchVectors } from "../../api/routes/search-vectors.ts";
import { type RunningApi, serveApi } from "../../api/serve.ts";
import type { Generation } from "../../data/vectors/generation.ts";
import { flip } from "../../data/vectors/generations/pointers.ts";
import { prepareRows } from "../../data/vectors/generations/prepare.ts";
import { openQueues } from "../../queues/queues.ts";
import { ensureRedis } from "../../queues/redis/ensure-redis.ts";
import { buildTrial } from "../../workers/autotune/trial-build.ts";
import type { BenchIndex } from "./invented.ts";

const setting = { m: 16, efConstruction: 80, seed: 42 };
export const quiet = { signal: new AbortController().signal, reportProgress: async () => undefined };

/** Builds the rows of an index and lets them serve. */
export async function serveGeneration(
  { lake, definition }: BenchIndex,
  efSearch: number,
): Promise<Generation> {
  const { name, model, dimensions } = definition;
  const prepared = await prepareRows(lake, definition);
  const key = `_vectors/${name}/generations/one.hnsw`;
  const draft = await lake.storage.draft(key);
  const built = await buildTrial(quiet, prepared, { setting, path: draft.path, sweep: [efSearch] });
  await draft.publish();
  if (!built.file) throw new Error("The build left no file.");
  const generation: Generation = {
    number: 1,
    backend: "hnsw",
    key,
    ...built.file,
    tableVersion: prepared.tableVersion,
    rows: prepared.rows,
    model,
    dimensions,
    setting: { ...setting, efSearch },
    buildSeconds: built.buildSeconds,
    recall: null,
    p50Ms: null,
    widths: [],
    builtAt: new Date().toISOString(),
  };
  await flip(lake.storage, name, generation, { reason: "bench" });
  return generation;
}

/** An API over the index's lake that knows how to search, and nothing else. */
export async function serveSearch({ lake, dir }: BenchIndex): Promise<RunningApi> {
  const redis = await ensureRedis({ redisUrl: undefined, dir: join(dir, "redis") });
  const queues = openQueues({ redisUrl: redis.url, prefix: randomUUID() });
  const limits = { timeoutMs: 10_000, maxRows: 10, memoryBytes: 2 ** 28, threads: 1, tempDir: tmpdir() };
  const log = pino({ level: "silent" });
  const api = await serveApi({
    host: "127.0.0.1",
    port: 0,
    rateLimit: 1_000_000,
    routes: { searchVectors },
    services: { lake, queues, log, kinds: new Map(), schedules: [], sql: limits },
  });
  return {
    url: api.url,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await queues[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}
