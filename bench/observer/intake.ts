import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pino } from "pino";
import { z } from "zod";
import { sendObserverEvents } from "../../api/routes/send-observer-events.ts";
import { serveApi } from "../../api/serve.ts";
import type { Lake } from "../../data/lake.ts";
import { eventColumns } from "../../data/observer/tables.ts";
import { quote } from "../../data/sql/duckdb.ts";
import { openQueues } from "../../queues/queues.ts";
import { observerAppend } from "../../workers/observer/observer-append/job.ts";
import { startPool } from "../../workers/pool.ts";
import { openBenchLake, secondsOf } from "../lake/bench-lake.ts";
import { bodyOf } from "./story.ts";

export interface IntakeFigures {
  /** From the first request until the last event can be queried. At least 20,000. */
  readonly eventsPerS: number;
  /** Until the last 202. */
  readonly acceptedPerS: number;
  /** Events a second through all of it ÷ appending the same lines to a table, a body a commit. At least 0.5. */
  readonly httpToAppend: number;
  /** From the 202 of one event at rest until it can be queried, the worst of several. At most 2,000. */
  readonly freshMs: number;
}

const BODY = 5_000;
const AT_ONCE = 4;
const FRESH_RUNS = 5;

/** The API, a worker and the caller share this process. */
export async function measureIntake({
  redisUrl,
  events = 200_000,
}: {
  redisUrl: string;
  events?: number;
}): Promise<IntakeFigures> {
  await using bench = await openBenchLake();
  const { lake } = bench;
  const bodies = Array.from({ length: Math.ceil(events / BODY) }, (_, at) => bodyOf(BODY, `run-${at}`));
  const sent = bodies.length * BODY;
  const address = { redisUrl, prefix: randomUUID() };
  const log = pino({ level: "silent" });
  await using queues = openQueues(address, { store: lake.storage });
  await using working = openQueues(address, { role: "worker", store: lake.storage });
  await using _pool = await startPool(
    { lake, queues: working, log },
    { pools: ["observer"], jobOf: () => observerAppend },
  );
  await using api = await serveApi({
    ...{ host: "127.0.0.1", port: 0, rateLimit: 1_000_000, routes: { sendObserverEvents } },
    services: {
      ...{ lake, queues, log, kinds: new Map(), schedules: [] },
      sql: { timeoutMs: 1, maxRows: 1, memoryBytes: 1, threads: 1, tempDir: bench.dir },
    },
  });

  const appendS = await secondsOf(() => appendDirectly(lake, bench.dir, bodies));
  const start = performance.now();
  const waiting = [...bodies];
  const sender = async () => {
    for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) await post(api.url, body);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  const acceptedS = (performance.now() - start) / 1_000;
  await queryable(lake, sent);
  const seconds = (performance.now() - start) / 1_000;

  let freshMs = 0;
  for (let run = 1; run <= FRESH_RUNS; run += 1) {
    await post(api.url, bodyOf(1, `fresh-${run}`));
    freshMs = Math.max(freshMs, 1_000 * (await secondsOf(() => queryable(lake, sent + run))));
  }
  return {
    eventsPerS: sent / seconds,
    acceptedPerS: sent / acceptedS,
    httpToAppend: appendS / seconds,
    freshMs,
  };
}

async function post(url: string, body: string): Promise<void> {
  const headers = { "content-type": "application/x-ndjson" };
  const response = await fetch(`${url}/observer/events`, { method: "POST", headers, body });
  if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
  await response.body?.cancel();
}

async function queryable(lake: Lake, events: number): Promise<void> {
  const table = lake.table("observer.events");
  const duckdb = await lake.duckdb();
  for (;;) {
    if (await table.exists()) {
      const rows = await (await table.snapshot()).readSql();
      const [found] = await duckdb.query(z.object({ n: z.bigint() }), `select count(*) as n from (${rows})`);
      if (Number(found?.n) >= events) return;
    }
    await setTimeout(20);
  }
}

/** The same lines as they were sent, a body a commit, into a table of the same columns. */
async function appendDirectly(lake: Lake, dir: string, bodies: readonly string[]): Promise<void> {
  const table = lake.table("observer.direct");
  await table.ensure({ columns: eventColumns });
  const known = new Set(eventColumns.map(({ name }) => name));
  for (const [at, body] of bodies.entries()) {
    const path = join(dir, `body-${at}.ndjson`);
    await writeFile(path, body);
    const fields = Object.keys(JSON.parse(body.slice(0, body.indexOf("\n")))).filter((name) =>
      known.has(name),
    );
    await table.append({
      sql: `select ${fields.join(", ")}, epoch_ms("timestamp") as happened_at from read_json(${quote(path)}, format = 'newline_delimited')`,
    });
  }
}
