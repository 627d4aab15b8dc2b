import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect } from "vitest";
import { listDeadLetters } from "../../queues/dead-letters.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { listWorkers } from "../../queues/heartbeats.ts";
import { untilEnded } from "../../queues/watch.ts";
import { test } from "../support/test.ts";
import { flow, type Place, step } from "./fixtures/kinds.ts";
import { Supervised, WorkerProcess } from "./fixtures/worker.ts";

async function historyOf(dir: string): Promise<string[]> {
  return (await readFile(join(dir, "history"), "utf8")).trimEnd().split("\n");
}

describe("a worker process that dies by kill -9", () => {
  test("has its job run again, wherever in it the process died", async ({ address, dir, queues }) => {
    const places: readonly Place[] = ["start", "middle", "effect"];
    await using _workers = new Supervised(2, () => WorkerProcess.start(address, dir));

    const asked = await Promise.all(
      places.map((place) => enqueue(queues, step, { dir, name: place, dies: place })),
    );
    const ended = await Promise.all(asked.map(({ id }) => untilEnded(queues, id)));

    expect(ended.map(({ state }) => state)).toEqual(["completed", "completed", "completed"]);
    const history = await historyOf(dir);
    for (const place of places) {
      expect(history.filter((line) => line.startsWith(`${place} start`)).length).toBeGreaterThanOrEqual(2);
    }
    expect(history).toContain('middle start from {"place":"middle"}');
  });

  test("leaves a flow of two stages to be finished by others, however often it happens", async ({
    address,
    dir,
    queues,
  }) => {
    await using workers = new Supervised(2, () =>
      WorkerProcess.start(address, dir, { lockMs: 600, stalledCheckMs: 150 }),
    );
    const { id } = await enqueue(queues, flow, { dir, parts: 30, takesMs: 60, dies: true });

    const over = new AbortController();
    const killing = killNowAndThen(workers, over.signal);
    const ended = await untilEnded(queues, id);
    over.abort();
    await killing;

    expect(ended).toMatchObject({ state: "completed", output: { parts: 30 } });
    const effects = (await readdir(dir)).filter((file) => file.endsWith(".effect"));
    expect(effects).toHaveLength(61);
    // One in each stage is sure, wherever the other kills found the workers.
    expect(workers.deaths).toBeGreaterThanOrEqual(2);
  });

  test("is given up as the poison it is when a job kills every process, and other work goes on", async ({
    address,
    dir,
    queues,
  }) => {
    await using workers = new Supervised(1, () =>
      WorkerProcess.start(address, dir, { lockMs: 400, stalledCheckMs: 100, concurrency: 1 }),
    );

    const poison = await enqueue(queues, step, { dir, name: "poison", dies: "start", everyTime: true });
    const other = await enqueue(queues, step, { dir, name: "other" });
    const [poisoned, done] = await Promise.all([untilEnded(queues, poison.id), untilEnded(queues, other.id)]);

    expect(poisoned.state).toBe("failed");
    expect(done.state).toBe("completed");
    expect(workers.deaths).toBe(10);
    await expect.poll(() => listDeadLetters(queues)).toHaveLength(1);
    expect(await listDeadLetters(queues)).toMatchObject([
      { id: poison.id, error: { message: expect.stringContaining("stalled") } },
    ]);
  });

  test("does not make poison of those that it takes along, who are kept apart from it", async ({
    address,
    dir,
    queues,
  }) => {
    await using _workers = new Supervised(1, () =>
      WorkerProcess.start(address, dir, { lockMs: 400, stalledCheckMs: 100, concurrency: 4 }),
    );

    const poison = await enqueue(queues, step, {
      dir,
      name: "poison",
      dies: "middle",
      takesMs: 20,
      everyTime: true,
    });
    const others = await Promise.all(
      ["a", "b", "c"].map((name) => enqueue(queues, step, { dir, name, takesMs: 60 })),
    );
    const ended = await Promise.all([poison, ...others].map(({ id }) => untilEnded(queues, id)));

    expect(ended.map(({ state }) => state)).toEqual(["failed", "completed", "completed", "completed"]);
    const letters = async () => (await listDeadLetters(queues)).map(({ id }) => id);
    await expect.poll(letters).toEqual([poison.id]);
  });

  test("does not send those that were lost often behind all others", async ({ address, dir, queues }) => {
    const lost = await enqueue(queues, step, { dir, name: "lost" });
    await Promise.all(["a", "b", "c"].map((name) => enqueue(queues, step, { dir, name })));
    await queues.redis.hset(queues.of.observer.toKey(lost.id), "stc", 3);

    await using _worker = await WorkerProcess.start(address, dir, { lockMs: 400, concurrency: 1 });
    await untilEnded(queues, lost.id);

    expect((await historyOf(dir))[0]).toBe("lost start");
  });
});

describe("a worker process that is held up for longer than its lock", () => {
  test("finds its job done by another and changes nothing", async ({ address, dir, queues }) => {
    await using zombie = await WorkerProcess.start(address, dir, { concurrency: 1 });
    const { id } = await enqueue(queues, step, { dir, name: "slow", waits: "obeying" });
    await expect.poll(() => historyOf(dir).catch(() => [])).toContain("slow waits");

    zombie.signal("SIGSTOP");
    await using _successor = await WorkerProcess.start(address, dir);
    const ended = await untilEnded(queues, id);
    zombie.signal("SIGCONT");

    await expect.poll(() => historyOf(dir)).toContain("slow told lock-lost");
    expect(ended.state).toBe("completed");
    expect((await historyOf(dir)).filter((line) => line === "slow effect")).toHaveLength(1);
    await expect.poll(async () => (await listWorkers(queues)).length).toBe(2);
    expect(await untilEnded(queues, id)).toMatchObject({ state: "completed", error: null });
  });

  test("has a job that blocks the loop run twice, to one effect", async ({ address, dir, queues }) => {
    await using _a = await WorkerProcess.start(address, dir, { concurrency: 1 });
    await using _b = await WorkerProcess.start(address, dir, { concurrency: 1 });

    const { id } = await enqueue(queues, step, { dir, name: "hog", blocksMs: 2_500 });
    const ended = await untilEnded(queues, id);

    expect(ended.state).toBe("completed");
    expect(await readdir(dir)).toContain("hog.effect");
    expect((await historyOf(dir)).filter((line) => line.startsWith("hog start")).length).toBeGreaterThan(1);
  });
});

async function killNowAndThen(workers: Supervised, signal: AbortSignal): Promise<void> {
  let kills = 0;
  while (!signal.aborted) {
    await pause(700 * Math.random(), undefined, { signal }).catch(() => undefined);
    const victim = workers.workers[Math.floor(Math.random() * workers.workers.length)];
    if (!victim || signal.aborted || kills >= 8) continue;
    victim.signal("SIGKILL");
    kills += 1;
  }
}
