import pino from "pino";
import { describe, expect } from "vitest";
import { enqueue } from "../../queues/enqueue.ts";
import type { Queues } from "../../queues/queues.ts";
import { RunState } from "../../workers/run-state.ts";
import { keepApart } from "../../workers/suspect.ts";
import { test } from "../support/test.ts";
import { step } from "./fixtures/kinds.ts";

const TOKEN = "a worker's own";
const HOUR_MS = 3_600_000;
const log = pino({ level: "silent" });

/** A job as the worker finds it that takes it for the fourth time, after three that were lost. */
async function lostThrice(queues: Queues, dir: string) {
  const { id } = await enqueue(queues, step, { dir, name: "lost" });
  const bull = await queues.of.observer.getJob(id);
  if (!bull) throw new Error("The job is gone");
  const key = queues.of.observer.toKey(id);
  await queues.redis.hset(key, { stc: 3, ats: 4 });
  await queues.redis.set(`${key}:lock`, TOKEN);
  bull.stalledCounter = 3;
  const run = new RunState(id);
  return {
    run,
    lock: `${key}:lock`,
    stallsAndStarts: () => queues.redis.hmget(key, "stc", "ats"),
    keepApart: (longestApartMs: number) =>
      keepApart({ queues, pool: "observer", longestApartMs, log }, bull, TOKEN, run),
  };
}

describe("a job that has lost three workers", () => {
  test("is charged with no death while it waits, and again once it is told to stop", async ({
    dir,
    queues,
  }) => {
    const job = await lostThrice(queues, dir);

    const waiting = job.keepApart(HOUR_MS);
    await expect.poll(job.stallsAndStarts).toEqual(["2", "3"]);
    job.run.stop("shutdown");

    await expect(waiting).rejects.toThrow("The worker is stopping");
    expect(await job.stallsAndStarts()).toEqual(["3", "4"]);
  });

  test("is not charged twice where another has taken it meanwhile", async ({ dir, queues }) => {
    const job = await lostThrice(queues, dir);

    const waiting = job.keepApart(HOUR_MS);
    await expect.poll(job.stallsAndStarts).toEqual(["2", "3"]);
    await queues.redis.set(job.lock, "another's");
    job.run.stop("lock-lost");

    await expect(waiting).rejects.toThrow("lost its claim");
    expect(await job.stallsAndStarts()).toEqual(["2", "3"]);
  });

  test("waits once for each loss", async ({ dir, queues }) => {
    const job = await lostThrice(queues, dir);

    await job.keepApart(0);
    expect(await job.stallsAndStarts()).toEqual(["3", "4"]);

    await job.keepApart(HOUR_MS);
    expect(await job.stallsAndStarts()).toEqual(["3", "4"]);
  });
});
