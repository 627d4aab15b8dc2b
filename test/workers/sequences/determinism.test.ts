import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import { z } from "zod";
import type { Lake } from "../../../data/lake.ts";
import { openLake } from "../../../data/open-lake.ts";
import { generateMimic } from "../../../data/sequences/generator/generate.ts";
import { models } from "../../../data/sequences/model.ts";
import { Settings } from "../../../data/sequences/settings.ts";
import { sequencesTable } from "../../../data/sequences/tables.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { listChildren } from "../../../queues/jobs.ts";
import { openQueues, type QueueAddress } from "../../../queues/queues.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { Input, sequencesBuild } from "../../../workers/sequences/sequences-build/job.ts";
import { test } from "../../support/test.ts";
import type { PoolOrder } from "../fixtures/pool-process.ts";

const program = fileURLToPath(new URL("../fixtures/pool-process.ts", import.meta.url));
const MEMORY = 2 ** 29;

async function startWorker(order: PoolOrder): Promise<ChildProcess> {
  const worker = fork(program, [JSON.stringify(order)], { execArgv: ["--import", "tsx"] });
  await once(worker, "message");
  return worker;
}

async function kill(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill("SIGKILL");
  await once(worker, "exit");
}

interface Way {
  readonly source: string;
  readonly threads: readonly number[];
  readonly rowsPerRange: number;
  readonly killsOne?: boolean;
}

/** Builds in a lake of its own with one worker process for each number of threads; answers every table's fingerprint. */
async function buildBy(address: QueueAddress, dir: string, way: Way) {
  const queuesOf = { redisUrl: address.redisUrl, prefix: `${address.prefix}-${dir.split("/").at(-1)}` };
  const order = {
    ...queuesOf,
    dir,
    pools: ["sequences"] as const,
    memoryBytes: MEMORY,
    lockMs: 1_500,
    stalledCheckMs: 250,
  };
  const workers = await Promise.all(way.threads.map((threads) => startWorker({ ...order, threads })));
  try {
    await using queues = openQueues(queuesOf);
    const settings = Settings.parse({ special_tokens: "ethos" });
    const input = Input.parse({ source: way.source, rowsPerRange: way.rowsPerRange, settings });
    const { id } = await enqueue(queues, sequencesBuild, input);
    const ending = untilEnded(queues, id);
    if (way.killsOne) {
      const rangesDone = async () =>
        (await listChildren(queues, id)).filter(
          (part) => part.kind === "sequences-range" && part.state === "completed",
        ).length;
      await expect.poll(rangesDone, { interval: 20 }).toBeGreaterThan(0);
      if (workers[0]) await kill(workers[0]);
    }
    expect((await ending).error).toBeNull();
    await using lake = await openLake({
      storage: openFolder(join(dir, "lake")),
      duckdb: { memoryBytes: MEMORY, threads: 2, tempDir: join(dir, "spill") },
    });
    return { prints: await fingerprints(lake), orphans: await countOrphans(lake, dir) };
  } finally {
    await Promise.all(workers.map(kill));
  }
}

/** Each model's rows, all columns of them, as one number that knows no order. */
async function fingerprints(lake: Lake): Promise<Record<string, string>> {
  const duckdb = await lake.duckdb();
  const prints: Record<string, string> = {};
  for (const { name } of models) {
    const sql = await (await sequencesTable(lake, name).snapshot()).readSql();
    const [row] = await duckdb.query(
      z.object({ print: z.string() }),
      `select count(*) || ':' || coalesce(sum(hash(t)::hugeint), 0) as print from (${sql}) as t`,
    );
    prints[name] = row?.print ?? "";
  }
  return prints;
}

/** Files of events that no version has: what a killed range had written. */
async function countOrphans(lake: Lake, dir: string): Promise<number> {
  const files = (await readdir(join(dir, "lake/sequences/events_merged"))).filter((file) =>
    file.endsWith(".parquet"),
  );
  return files.length - (await sequencesTable(lake, "events_merged").snapshot()).fileCount;
}

/** The same rows in another order, gzipped. */
async function shuffle(lake: Lake, from: string, to: string): Promise<void> {
  const duckdb = await lake.duckdb();
  await mkdir(to);
  for (const file of await readdir(join(from, "hosp"))) {
    await duckdb.run(
      `copy (from read_csv('${join(from, "hosp", file)}', all_varchar = true, header = true, delim = ',', quote = '"', escape = '"')
         order by hash(columns(*)))
       to '${join(to, `${file}.gz`)}' (format csv, header, compression gzip)`,
    );
  }
}

describe("the content of a build", () => {
  test("is the same for threads, ranges, workers, shuffled and gzipped files, and after a kill -9", async ({
    address,
    dir,
    lake,
  }) => {
    const source = join(dir, "plain");
    const shuffled = join(dir, "shuffled");
    const connection = await (await lake.duckdb()).connect();
    await generateMimic(connection, source, {
      patients: 60,
      labs: 6_000,
      seed: 11,
      gzip: false,
      badRows: false,
    });
    connection.closeSync();
    await shuffle(lake, source, shuffled);

    const whole = await buildBy(address, join(dir, "a"), { source, threads: [1], rowsPerRange: 1_000_000 });
    const parts = await buildBy(address, join(dir, "b"), {
      source: shuffled,
      threads: [2],
      rowsPerRange: 900,
    });
    const killed = await buildBy(address, join(dir, "c"), {
      source: shuffled,
      threads: [1, 4],
      rowsPerRange: 300,
      killsOne: true,
    });

    expect(parts.prints).toEqual(whole.prints);
    expect(killed.prints).toEqual(whole.prints);
    expect(whole.prints.tokens_final).not.toMatch(/^0:/);
    // The range that the dead worker had in hand, and no other, was made twice.
    expect(killed.orphans).toBeLessThanOrEqual(1);
  });

  test("would not be the same with a sample that goes by the place in the file", async ({ dir, lake }) => {
    const source = join(dir, "plain");
    const connection = await (await lake.duckdb()).connect();
    await generateMimic(connection, source, {
      patients: 20,
      labs: 2_000,
      seed: 11,
      gzip: false,
      badRows: false,
    });
    connection.closeSync();
    await shuffle(lake, source, join(dir, "shuffled"));
    const sampled = async (file: string) => {
      const [row] = await (await lake.duckdb()).query(
        z.object({ sum: z.string() }),
        `select sum(labevent_id::bigint)::varchar as sum
         from (select labevent_id, row_number() over () as place from read_csv('${file}', all_varchar = true)) where place % 10 = 0`,
      );
      return row?.sum;
    };

    expect(await sampled(join(dir, "shuffled/labevents.csv.gz"))).not.toBe(
      await sampled(join(source, "hosp/labevents.csv")),
    );
  });
});
