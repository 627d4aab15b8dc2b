import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import type { Table } from "../../data/delta/table.ts";
import type { Lake } from "../../data/lake.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { defineIndex } from "../../data/vectors/define-index.ts";
import { builtIn } from "../../data/vectors/embedders/built-in.ts";
import { createIndex } from "../../data/vectors/indexes.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { openQueues, type Queues } from "../../queues/queues.ts";
import { untilEnded } from "../../queues/watch.ts";
import { embeddingRefresh } from "../../workers/embedding/embedding-refresh/job.ts";
import { startPool } from "../../workers/pool.ts";
import { jobOfKind } from "../../workers/registry.ts";
import { median } from "./invented.ts";

const CHANGED = 34;
const ROUNDS = 7;

/** A table of notes embedded whole, and then again and again after a few of its rows changed, each time as a job. */
export async function measureRefresh({ redisUrl, rows }: { redisUrl: string; rows: number }) {
  const dir = await mkdtemp(join(tmpdir(), "bench-refresh-"));
  try {
    await using lake = await openLake({
      storage: openFolder(join(dir, "lake")),
      duckdb: { memoryBytes: 1024 ** 3, threads: 2, tempDir: join(dir, "spill") },
    });
    await using queues = openQueues({ redisUrl, prefix: randomUUID() }, { role: "worker" });
    await using _pool = await startPool(
      { lake, queues, log: pino({ level: "silent" }) },
      { pools: ["embedding"], jobOf },
    );
    const notes = await makeNotes(lake, rows);
    const fullMs = await refresh(queues, rows);
    const noneMs = await refresh(queues, 0);
    const someMs: number[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const id = `(i * ${Math.floor(rows / CHANGED)} + ${round})`;
      const sql = `select ${id} as id, ${noteOf(id, `round ${round}`)} as note from range(${CHANGED}) r(i)`;
      await notes.merge({ sql }, { key: ["id"] });
      someMs.push(await refresh(queues, CHANGED));
    }
    return {
      someToFull: median(someMs) / fullMs,
      fullSeconds: fullMs / 1_000,
      someMs: median(someMs),
      noneMs,
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Only the refresh is measured: the build that it asks for afterwards does nothing. */
function jobOf(kind: string) {
  const job = jobOfKind(kind);
  return kind === "vectors-build" ? { ...job, load: async () => ({ run: async () => ({}) }) } : job;
}

async function makeNotes(lake: Lake, rows: number): Promise<Table> {
  const table = lake.table("corpus.notes");
  await table.ensure({
    columns: [
      { name: "id", type: "long", nullable: false },
      { name: "note", type: "string", nullable: true },
    ],
  });
  await table.append({ sql: `select i as id, ${noteOf("i", "first")} as note from range(${rows}) r(i)` });
  const index = {
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
  } as const;
  await createIndex(lake, await defineIndex(lake, index, async () => builtIn));
  return table;
}

function noteOf(id: string, salt: string): string {
  return `'Patient ' || ${id} || ' reports ' || md5((${id} * 7)::varchar) || ' and pain of the ' ||
    (['ankle', 'knee', 'arm', 'chest', 'throat'])[1 + ${id} % 5] || '; ${salt} visit, dose ' || ${id} % 90 ||
    ' mg daily, follow up in ' || ${id} % 12 || ' weeks'`;
}

/** A refresh takes until its job has ended; who watches a job asks at most every quarter second whether it has. */
async function refresh(queues: Queues, embedded: number): Promise<number> {
  const begun = Date.now();
  const { id } = await enqueue(queues, embeddingRefresh, { index: "notes" });
  const job = await untilEnded(queues, id);
  const ms = Date.parse(job.finishedAt ?? "") - begun;
  if (job.state !== "completed") throw new Error(job.error ?? "The refresh failed.");
  const { chunks } = job.output as { chunks: { embedded: number } };
  if (chunks.embedded !== embedded)
    throw new Error(`${chunks.embedded} chunks were embedded, not ${embedded}.`);
  return ms;
}
