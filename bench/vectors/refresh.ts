import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { defineIndex } from "../../data/vectors/define-index.ts";
import { builtIn } from "../../data/vectors/embedders/built-in.ts";
import { createIndex } from "../../data/vectors/indexes.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { openQueues } from "../../queues/queues.ts";
import { ensureRedis } from "../../queues/redis/ensure-redis.ts";
import { untilEnded } from "../../queues/watch.ts";
import { embeddingRefresh } from "../../workers/embedding/embedding-refresh/job.ts";
import { startPool } from "../../workers/pool.ts";
import { jobOfKind } from "../../workers/registry.ts";

const ROWS = Number(process.argv[2] ?? 100_000);
const CHANGED = 34;

const dir = await mkdtemp(join(tmpdir(), "millrace-bench-"));
{
  await using redis = await ensureRedis({ redisUrl: undefined, dir: join(dir, "redis") });
  await using lake = await openLake({
    storage: openFolder(join(dir, "lake")),
    duckdb: { memoryBytes: 1024 ** 3, threads: 2, tempDir: join(dir, "spill") },
  });
  await using queues = openQueues({ redisUrl: redis.url, prefix: randomUUID() }, { role: "worker" });
  // Only the refresh is measured: what it asks for afterwards stays in its queue.
  const jobOf = (kind: string) =>
    kind === "vectors-build"
      ? { ...jobOfKind(kind), load: async () => ({ run: async () => ({}) }) }
      : jobOfKind(kind);
  await using _pool = await startPool(
    { lake, queues, log: pino({ level: "silent" }) },
    { pools: ["embedding"], jobOf },
  );
  const table = lake.table("corpus.notes");
  await table.ensure({
    columns: [
      { name: "id", type: "long", nullable: false },
      { name: "note", type: "string", nullable: true },
    ],
    properties: { "delta.enableChangeDataFeed": "true" },
  });
  const text = (salt: string) =>
    `'Patient ' || id || ' reports ' || md5((id * 7)::varchar) || ' and pain of the ' || (['ankle', 'knee', 'arm', 'chest', 'throat'])[1 + id % 5] || '; ${salt} visit, dose ' || id % 90 || ' mg daily, follow up in ' || id % 12 || ' weeks'`;
  await table.append({ sql: `select id, ${text("first")} as note from range(${ROWS}) r(id)` });
  const index = await defineIndex(
    lake,
    {
      name: "notes",
      table: "corpus.notes",
      idColumn: "id",
      content: {
        kind: "text",
        column: "note",
        embedder: "built-in",
        chunkSize: 1_000,
        overlap: 100,
        redact: false,
      },
      metric: "cosine",
      backend: "hnsw",
      targetRecall: 0.99,
    },
    async () => builtIn,
  );
  await createIndex(lake, index);

  const refresh = async () => {
    const startedAt = performance.now();
    const { id } = await enqueue(queues, embeddingRefresh, { index: "notes" });
    const job = await untilEnded(queues, id);
    if (job.state !== "completed") throw new Error(job.error ?? "The refresh failed");
    return { ms: performance.now() - startedAt, output: job.output as { rows: object } };
  };
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const full = await refresh();
  say(`full refresh of ${ROWS} rows: ${(full.ms / 1_000).toFixed(1)} s ${JSON.stringify(full.output.rows)}`);
  const none = await refresh();
  say(`refresh with nothing new: ${Math.round(none.ms)} ms`);
  for (let round = 1; round <= 3; round++) {
    await table.merge(
      {
        sql: `select (i * ${Math.floor(ROWS / CHANGED)} + ${round}) as id, ${text(`round ${round}`).replaceAll("id", `(i * ${Math.floor(ROWS / CHANGED)} + ${round})`)} as note from range(${CHANGED}) r(i)`,
      },
      { key: ["id"] },
    );
    const some = await refresh();
    say(
      `refresh of ${CHANGED} changed rows: ${Math.round(some.ms)} ms, ${((100 * some.ms) / full.ms).toFixed(2)} % of the full one ${JSON.stringify(some.output.rows)}`,
    );
  }
}
await rm(dir, { recursive: true, force: true });
process.exit(0);
