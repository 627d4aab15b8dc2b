import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { searchVectors } from "../../api/routes/search-vectors.ts";
import { serveApi } from "../../api/serve.ts";
import { loadedIndexesOf } from "../../data/vectors/generations/loaded-indexes.ts";
import { flip } from "../../data/vectors/generations/pointers.ts";
import { prepareRows } from "../../data/vectors/generations/prepare.ts";
import { SearchRequest } from "../../data/vectors/search/request.ts";
import { search } from "../../data/vectors/search/search.ts";
import { openQueues } from "../../queues/queues.ts";
import { ensureRedis } from "../../queues/redis/ensure-redis.ts";
import { buildTrial } from "../../workers/autotune/trial-build.ts";
import { inventIndex, inventQuestions, median } from "./invented.ts";

const QUESTIONS = 300;
const WIDTH = 80;

/** One question after another: the bare library, the same through the library's own door, and over HTTP. */
export async function measureSearches(rows: number, dimensions = 768) {
  await using bench = await inventIndex(rows, dimensions);
  const { lake, definition, dir } = bench;
  const setting = { m: 16, efConstruction: 80, seed: 42 };
  const prepared = await prepareRows(lake, definition);
  const draft = await lake.storage.draft("_vectors/bench/generations/one.hnsw");
  const context = { signal: new AbortController().signal, reportProgress: async () => undefined };
  const built = await buildTrial(context, prepared, { setting, path: draft.path });
  await draft.publish();
  if (!built.file) throw new Error("The build left no file.");
  const { tableVersion } = prepared;
  const { model } = definition;
  const generation = {
    number: 1,
    backend: "hnsw" as const,
    key: "_vectors/bench/generations/one.hnsw",
    ...built.file,
  };
  const rest = { tableVersion, rows, model, dimensions, setting: { ...setting, efSearch: WIDTH } };
  const told = {
    buildSeconds: built.buildSeconds,
    recall: null,
    p50Ms: null,
    widths: [],
    builtAt: new Date().toISOString(),
  };
  await flip(lake.storage, "bench", { ...generation, ...rest, ...told }, { reason: "bench" });

  const questions = inventQuestions(QUESTIONS, dimensions);
  const timed = async (ask: (vector: number[]) => unknown) => {
    const times: number[] = [];
    for (const [at, vector] of questions.entries()) {
      const begun = performance.now();
      await ask(vector);
      if (at >= 20) times.push(performance.now() - begun);
    }
    return median(times);
  };
  using lease = await loadedIndexesOf(lake).lease(definition);
  const { index } = lease;
  if (!index) throw new Error(`The index was not loaded: ${lease.trouble}`);
  const requests = new Map(questions.map((vector) => [vector, SearchRequest.parse({ vector, k: 10 })]));
  const bare = () => timed((vector) => index.nearest(vector, 10));
  const library = () => timed((vector) => search(lake, "bench", requests.get(vector) as SearchRequest));

  await using redis = await ensureRedis({ redisUrl: undefined, dir: join(dir, "redis") });
  await using queues = openQueues({ redisUrl: redis.url, prefix: randomUUID() });
  const limits = { timeoutMs: 10_000, maxRows: 10, memoryBytes: 2 ** 28, threads: 1, tempDir: tmpdir() };
  const log = pino({ level: "silent" });
  await using api = await serveApi({
    host: "127.0.0.1",
    port: 0,
    rateLimit: 1_000_000,
    routes: { searchVectors },
    services: { lake, queues, log, kinds: new Map(), schedules: [], sql: limits },
  });
  const http = () =>
    timed(async (vector) => {
      const reply = await fetch(`${api.url}/vectors/bench/search`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ vector, k: 10 }),
      });
      if (!reply.ok) throw new Error(await reply.text());
      await reply.json();
    });
  const rounds: { bareMs: number; libraryMs: number; httpMs: number }[] = [];
  for (let round = 0; round < 3; round += 1)
    rounds.push({ bareMs: await bare(), libraryMs: await library(), httpMs: await http() });
  const of = (name: "bareMs" | "libraryMs" | "httpMs") => median(rounds.map((round) => round[name]));
  return {
    rows,
    dimensions,
    bareMs: of("bareMs"),
    libraryMs: of("libraryMs"),
    httpMs: of("httpMs"),
    libraryRatio: of("libraryMs") / of("bareMs"),
    httpMoreMs: of("httpMs") - of("libraryMs"),
  };
}

if (process.argv[1]?.endsWith("search.ts"))
  process.stdout.write(
    `${JSON.stringify(await measureSearches(Number(process.argv[2] ?? 10_000)), undefined, 1)}\n`,
  );
