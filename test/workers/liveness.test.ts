import { hostname } from "node:os";
import { describe, expect } from "vitest";
import { z } from "zod";
import { enqueue } from "../../queues/enqueue.ts";
import { WedgedError } from "../../queues/errors.ts";
import { listWorkers, sayAlive, workerHeard } from "../../queues/heartbeats.ts";
import { untilEnded } from "../../queues/watch.ts";
import { Liveness } from "../../workers/liveness.ts";
import { startPool } from "../../workers/pool.ts";
import { RunningJobs } from "../../workers/running-jobs.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { test } from "../support/test.ts";

const work = kind({ kind: "work", input: z.strictObject({ n: z.number() }), run: async () => ({}) });
const options = { pools: ["observer"], jobOf: kindsOf(work) } as const;

describe("a worker process", () => {
  test("is heard of from its start, with its pools, and says when it leaves", async ({
    queues,
    services,
  }) => {
    const pool = await startPool(services, options);
    const heard = await listWorkers(queues);
    const healthy = await workerHeard(queues, hostname());

    await pool[Symbol.asyncDispose]();

    expect(heard).toMatchObject([{ id: pool.id, host: hostname(), pid: process.pid, pools: ["observer"] }]);
    expect(healthy).toBe(true);
    expect(await workerHeard(queues, hostname())).toBe(false);
  });

  test("that missed two heartbeats is no longer counted", async ({ queues }) => {
    const said = {
      host: "h",
      pid: 1,
      pools: ["observer" as const],
      running: 0,
      eventLoopLagMs: 0,
      rssBytes: 0,
    };
    const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
    const ahead = ago(-600_000);
    await sayAlive(queues, { ...said, id: "alive", startedAt: ahead, at: ahead });
    await sayAlive(queues, { ...said, id: "dead", startedAt: ahead, at: ago(15_000) });

    expect((await listWorkers(queues)).map(({ id }) => id)).toEqual(["alive"]);
  });

  test("whose fetching no longer works is known by the work that waits for it", async ({
    queues,
    services,
  }) => {
    await using pool = await startPool(services, options);
    const [worker] = pool.workers;
    if (!worker) throw new Error("the pool has a worker");
    // Running as BullMQ has it, with a main loop that never gets another job.
    Object.assign(worker, { _getNextJob: () => new Promise(() => undefined) });
    await worker.getBackend().disconnectBlocking();
    await enqueue(queues, work, { n: 1 });

    const error = await wedgedOf(pool.id, services, [worker]);

    expect(worker.isRunning()).toBe(true);
    expect(error).toBeInstanceOf(WedgedError);
  });

  test("that has taken its work is not suspected", async ({ queues, services }) => {
    await using pool = await startPool(services, options);
    const { id } = await enqueue(queues, work, { n: 1 });
    await untilEnded(queues, id);
    const errors: Error[] = [];
    await using running = new RunningJobs(queues);
    const judged = { id: "x", services, workers: pool.workers, running, wedgedAfterMs: 0 };
    await using liveness = new Liveness({ ...judged, onWedged: (error) => errors.push(error) });

    await liveness.report();
    await liveness.report();

    expect(errors).toEqual([]);
  });
});

async function wedgedOf(
  id: string,
  services: ConstructorParameters<typeof Liveness>[0]["services"],
  workers: ConstructorParameters<typeof Liveness>[0]["workers"],
): Promise<Error> {
  await using running = new RunningJobs(services.queues);
  return await new Promise((resolve) => {
    const timing = { lookEveryMs: 20, wedgedAfterMs: 100 };
    const liveness = new Liveness({
      ...timing,
      id,
      services,
      workers,
      running,
      onWedged: (error) => {
        resolve(error);
        void liveness[Symbol.asyncDispose]();
      },
    });
  });
}
