import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { serializeActions } from "../../data/delta/actions.ts";
import { commitKey, versionName } from "../../data/delta/log.ts";
import { readSnapshot } from "../../data/delta/snapshot.ts";
import { openDuckDB, quote } from "../../data/sql/duckdb.ts";
import { openFolder } from "../../data/storage/folder.ts";

const FILES = 100_000;
const COMMITS = 1_000;

export interface ReadLargeFigures {
  readonly files: number;
  readonly commits: number;
  /** Opening the table as a process that has not seen it. */
  readonly coldMs: number;
  /** Asking again when nothing is new. */
  readonly warmMs: number;
  /** The longest that the event loop was held while opening. */
  readonly heldMs: number;
}

/** Opens a table of 100,000 live files whose checkpoint is 1,000 commits old; the limit is 2 s. */
export async function readLarge(): Promise<ReadLargeFigures> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-bench-"));
  using duckdb = await openDuckDB({ memoryBytes: 1024 ** 3, threads: 2, tempDir: join(folder, "tmp") });
  const openEngine = async () => duckdb;
  try {
    await writeLog(join(folder, "table"), (sql) => duckdb.run(sql));
    const storage = openFolder(join(folder, "table"));

    const loop = watchEventLoop();
    const start = performance.now();
    const snapshot = await readSnapshot(storage, "", openEngine);
    const coldMs = performance.now() - start;
    const heldMs = loop.stop();

    const again = performance.now();
    await readSnapshot(storage, "", openEngine);
    const warmMs = performance.now() - again;
    if (snapshot.version !== COMMITS || snapshot.fileCount !== FILES)
      throw new Error(`read ${snapshot.fileCount} files at version ${snapshot.version}`);
    return { files: snapshot.fileCount, commits: COMMITS, coldMs, warmMs, heldMs };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Each commit replaces one file, so the number of live files stays what the checkpoint has. */
async function writeLog(path: string, run: (sql: string) => Promise<void>): Promise<void> {
  const storage = openFolder(path);
  const schemaString = JSON.stringify({
    type: "struct",
    fields: ["id", "value"].map((name) => ({ name, type: "long", nullable: true, metadata: {} })),
  });
  const checkpoint = `_delta_log/${versionName(0)}.checkpoint.parquet`;
  await storage.put(commitKey("", 0), '{"commitInfo":{}}\n');
  await run(`copy (
    select null::struct(minReaderVersion int, minWriterVersion int) as protocol,
      null::struct(id varchar, schemaString varchar, partitionColumns varchar[]) as metaData,
      {path: 'part-' || range || '-c000.snappy.parquet', partitionValues: map {}::map(varchar, varchar),
       size: 1000000 + range, modificationTime: 1700000000000, dataChange: false,
       stats: '{"numRecords":1000,"minValues":{"id":' || range || ',"value":0},"maxValues":{"id":' || range + 1000 ||
              ',"value":999},"nullCount":{"id":0,"value":0}}'} as "add" from range(${FILES})
    union all select {minReaderVersion: 1, minWriterVersion: 2}, null, null
    union all select null, {id: 'bench', schemaString: ${quote(schemaString)}, partitionColumns: []}, null
  ) to ${quote(join(path, checkpoint))} (format parquet)`);

  for (let version = 1; version <= COMMITS; version += 1) {
    const old = version - 1;
    await storage.put(
      commitKey("", version),
      serializeActions([
        { commitInfo: { operation: "WRITE" } },
        { remove: { path: `part-${old}-c000.snappy.parquet`, deletionTimestamp: 1, dataChange: true } },
        {
          add: {
            path: `part-${old}-b.parquet`,
            partitionValues: {},
            size: 1,
            modificationTime: 1,
            dataChange: true,
            stats: '{"numRecords":1000}',
          },
        },
      ]),
    );
  }
}

function watchEventLoop(): { stop: () => number } {
  let last = performance.now();
  let worst = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - last - 1);
    last = now;
  }, 1);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(worst, performance.now() - last);
    },
  };
}
