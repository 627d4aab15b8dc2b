import { readdir } from "node:fs/promises";
import { describe, expect } from "vitest";
import { z } from "zod";
import { openFolder } from "../../data/storage/folder.ts";
import { listDeadLetters } from "../../queues/dead-letters.ts";
import { enqueue, enqueueMany } from "../../queues/enqueue.ts";
import { RedisUnavailableError } from "../../queues/errors.ts";
import { openQueues } from "../../queues/queues.ts";
import { reconcileIntake } from "../../queues/reconcile.ts";
import { untilEnded } from "../../queues/watch.ts";
import { startPool } from "../../workers/pool.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { OwnRedis } from "../support/own-redis.ts";
import { test } from "../support/test.ts";
import { flow, step } from "./fixtures/kinds.ts";
import { WorkerProcess } from "./fixtures/worker.ts";

describe("when Redis dies by kill -9 and comes back with its file", () => {
  test("workers go on by themselves, and nothing is lost", async ({ dir }) => {
    await using redis = await OwnRedis.start(dir);
    const address = { redisUrl: redis.url, prefix: "outage" };
    await using queues = openQueues(address, { role: "worker", store: openFolder(`${dir}/lake`) });
    await using _a = await WorkerProcess.start(address, dir);
    await using _b = await WorkerProcess.start(address, dir);
    const steps = Array.from({ length: 60 }, (_, n) => ({ dir, name: `s${n}`, takesMs: 80 }));
    const asked = await enqueueMany(queues, step, steps);
    const parent = await enqueue(queues, flow, { dir, parts: 10, takesMs: 80 });
    await expect.poll(() => effectsIn(dir)).toBeGreaterThan(3);

    await redis.kill();
    await redis.start();
    const ended = await Promise.all([...asked, parent].map(({ id }) => untilEnded(queues, id)));

    expect(ended.map(({ state }) => state)).toEqual(Array.from({ length: 61 }, () => "completed"));
    expect(await effectsIn(dir)).toBe(60 + 21);
  });

  test("a producer is told within two seconds, and may ask again when it is back", async ({ dir }) => {
    await using redis = await OwnRedis.start(dir);
    const address = { redisUrl: redis.url, prefix: "outage" };
    await using queues = openQueues(address, { store: openFolder(`${dir}/lake`) });
    await enqueue(queues, step, { dir, name: "before" });

    await redis.kill();
    await expect(enqueue(queues, step, { dir, name: "during" })).rejects.toThrow(RedisUnavailableError);
    await redis.start();

    await expect
      .poll(() => enqueue(queues, step, { dir, name: "after" }).catch(() => undefined))
      .toBeTruthy();
    expect(await queues.of.observer.getWaitingCount()).toBe(2);
  });
});

describe("when Redis is emptied while work runs", () => {
  test("FLUSHALL loses no accepted work", async ({ dir }) => {
    await using redis = await OwnRedis.start(dir);
    const address = { redisUrl: redis.url, prefix: "flush" };
    await using queues = openQueues(address, { role: "worker", store: openFolder(`${dir}/lake`) });
    await using _a = await WorkerProcess.start(address, dir);
    const parent = await enqueue(queues, flow, { dir, parts: 12, takesMs: 50 });
    const steps = Array.from({ length: 30 }, (_, n) => ({ dir, name: `s${n}`, takesMs: 50 }));
    await enqueueMany(queues, step, steps);
    await expect.poll(() => effectsIn(dir)).toBeGreaterThan(3);

    await queues.redis.flushall();
    await reconcileIntake(queues, { onItsWayMs: 0 });
    const ended = await untilEnded(queues, parent.id);

    expect(ended).toMatchObject({ state: "completed", output: { parts: 12 } });
    await expect.poll(() => effectsIn(dir)).toBe(30 + 25);
  });
});

describe("when Redis has no memory left", () => {
  test("a job waits for it with all its attempts", async ({ dir, services }) => {
    await using redis = await OwnRedis.start(dir);
    const address = { redisUrl: redis.url, prefix: "full" };
    await using queues = openQueues(address, { role: "worker", store: openFolder(`${dir}/lake`) });
    const memory = (most: string) => queues.redis.config("SET", "maxmemory", most);
    let runs = 0;
    const writer = kind({
      ...{ kind: "writer", input: z.object({}), attempts: 1 },
      async run() {
        runs += 1;
        if (runs === 1) await memory("1mb");
        await queues.redis.set("something", "kept");
        return { runs };
      },
    });
    await using pool = await startPool(
      { ...services, queues },
      { pools: ["observer"], jobOf: kindsOf(writer) },
    );
    const { id } = await enqueue(queues, writer, {});
    await expect.poll(() => pool.workers[0]?.isPaused()).toBe(true);
    await memory("0");

    expect(await untilEnded(queues, id)).toMatchObject({ state: "completed", output: { runs: 2 } });
    expect(await listDeadLetters(queues)).toEqual([]);
  });
});

async function effectsIn(dir: string): Promise<number> {
  return (await readdir(dir)).filter((file) => file.endsWith(".effect")).length;
}
