import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import type { Lake } from "../../../data/lake.ts";
import type { QueueAddress } from "../../../queues/queues.ts";
import type { Services } from "../../../workers/define-job.ts";
import { ModelServer } from "../../support/model-server.ts";
import { test } from "../../support/test.ts";
import type { PoolOrder } from "../fixtures/pool-process.ts";
import { createNotesIndex, refresh, vectorsOf, writeRows } from "./lake-of-notes.ts";

const program = fileURLToPath(new URL("../fixtures/pool-process.ts", import.meta.url));
const NOTES = 600;
/** The request that is under way when the worker dies. */
const LAST_REQUEST = 5;

async function startWorker(order: PoolOrder): Promise<ChildProcess> {
  const worker = fork(program, [JSON.stringify(order)], { execArgv: ["--import", "tsx"] });
  await once(worker, "message");
  return worker;
}

interface Ground {
  readonly lake: Lake;
  readonly services: Services;
  readonly address: QueueAddress;
  readonly dir: string;
}

/** Refreshes an index, killing the only worker in the middle of it; another takes over. Answers what the server embedded. */
async function refreshKilled({ lake, services, address, dir }: Ground, whenKilled: () => Promise<void>) {
  await using server = await ModelServer.start();
  const { behaviour } = server;
  await writeRows(
    lake,
    `select 'n' || i as id, 'Note number ' || i as note, 0 as visits from range(${NOTES}) t(i)`,
  );
  await createNotesIndex(lake, { embedder: "tiny", server });
  server.embedded.length = 0;
  server.batches.length = 0;
  const order: PoolOrder = {
    redisUrl: address.redisUrl,
    prefix: address.prefix,
    dir,
    pools: ["embedding"],
    threads: 1,
    memoryBytes: 2 ** 28,
    lockMs: 1_000,
    stalledCheckMs: 250,
    modelUrl: server.url,
  };
  let worker = await startWorker(order);
  let sayKilled = () => {};
  const killed = new Promise<void>((resolve) => {
    sayKilled = resolve;
  });
  behaviour.onEmbed = async () => {
    // What is asked for when the worker dies gets no answer, so that it is embedded once at most, too.
    if (server.batches.length === LAST_REQUEST - 1) behaviour.slowAbove = 0;
    if (server.batches.length !== LAST_REQUEST) return;
    behaviour.slowAbove = Number.POSITIVE_INFINITY;
    worker.kill("SIGKILL");
    await once(worker, "exit");
    sayKilled();
  };

  const refreshing = refresh(services);
  await killed;
  await whenKilled();
  worker = await startWorker(order);
  const done = await refreshing;
  worker.kill("SIGTERM");
  await once(worker, "exit");
  return { done, embedded: server.embedded };
}

describe("a worker that is killed in the middle of a refresh", () => {
  test("costs no text a second embedding, and no row its vector", async ({
    lake,
    services,
    address,
    dir,
  }) => {
    const { done, embedded } = await refreshKilled({ lake, services, address, dir }, async () => {});

    expect(done).toMatchObject({ rows: { new: NOTES }, chunks: { embedded: NOTES }, outcome: "committed" });
    expect(embedded).toHaveLength(NOTES);
    expect(new Set(embedded).size).toBe(NOTES);
    expect(await vectorsOf(lake)).toHaveLength(NOTES);
  });

  test("would cost it, were what it left in the lake taken away", async ({
    lake,
    services,
    address,
    dir,
  }) => {
    const { embedded } = await refreshKilled({ lake, services, address, dir }, async () => {
      for await (const { key } of lake.storage.list("_staged/embedding/notes/"))
        if (key.includes("/parts/")) await lake.storage.delete(key);
    });

    expect(embedded.length).toBeGreaterThan(NOTES);
    expect(await vectorsOf(lake)).toHaveLength(NOTES);
  });
});
