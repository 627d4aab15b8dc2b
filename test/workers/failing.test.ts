import { describe, expect } from "vitest";
import { z } from "zod";
import { DataError } from "../../data/errors.ts";
import { listDeadLetters, purgeDeadLetter } from "../../queues/dead-letters.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { readLog } from "../../queues/jobs.ts";
import { openQueues } from "../../queues/queues.ts";
import { replayDeadLetter, retryJob } from "../../queues/retry.ts";
import { untilEnded } from "../../queues/watch.ts";
import { child } from "../../workers/define-job.ts";
import { startPool } from "../../workers/pool.ts";
import { jobOfKind } from "../../workers/registry.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { test } from "../support/test.ts";

const N = z.strictObject({ n: z.number() });

describe("a job that fails", () => {
  test("again right after it is retried has a letter again", async ({ address, lake, queues, services }) => {
    const { storage } = lake;
    const hopeless = kind({
      kind: "hopeless",
      input: N,
      async run() {
        throw new DataError("it cannot be");
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(hopeless) });
    const { id } = await enqueue(queues, hopeless, { n: 1 });
    await untilEnded(queues, id);
    await expect.poll(async () => (await listDeadLetters(queues)).length).toBe(1);
    await using slow = openQueues(address, {
      store: {
        ...storage,
        // As slow as it takes the job to run to its end, where it was retried before.
        async delete(key) {
          await untilEnded(queues, id);
          await storage.delete(key);
        },
      },
    });

    await retryJob(slow, id);

    await expect.poll(async () => (await listDeadLetters(queues)).length).toBe(1);
  });

  test("by trouble that passes is tried again", async ({ queues, services }) => {
    let runs = 0;
    const flaky = kind({
      kind: "flaky",
      input: N,
      attempts: 4,
      async run() {
        runs += 1;
        if (runs < 4) throw new Error("the network is down");
        return {};
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(flaky) });

    const { id } = await enqueue(queues, flaky, { n: 1 });

    expect(await untilEnded(queues, id)).toMatchObject({ state: "completed", error: null });
    expect(runs).toBe(4);
    expect(await listDeadLetters(queues)).toEqual([]);
  });

  test("by bad data fails at once, also where closing what was open then fails too", async ({
    queues,
    services,
  }) => {
    const bad = kind({
      kind: "bad",
      input: N,
      attempts: 5,
      async run() {
        await using _open = { [Symbol.asyncDispose]: () => Promise.reject(new Error("cannot be closed")) };
        throw new DataError("line 3 is no number");
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(bad) });

    const { id } = await enqueue(queues, bad, { n: 7 });

    expect(await untilEnded(queues, id)).toMatchObject({ state: "failed", error: "line 3 is no number" });
    await expect.poll(() => listDeadLetters(queues)).toMatchObject([{ attempts: 1 }]);
  });

  test("by bad data fails at once, with a letter that says what and why", async ({ queues, services }) => {
    let runs = 0;
    const bad = kind({
      kind: "bad",
      input: N,
      attempts: 5,
      async run({ note }) {
        runs += 1;
        await note("reading line 3");
        throw new DataError("line 3 is no number");
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(bad) });

    const { id } = await enqueue(queues, bad, { n: 7 });

    expect(await untilEnded(queues, id)).toMatchObject({ state: "failed", error: "line 3 is no number" });
    expect(runs).toBe(1);
    expect(await readLog(queues, id)).toEqual(["reading line 3"]);
    expect(await listDeadLetters(queues)).toMatchObject([
      {
        id,
        kind: "bad",
        pool: "observer",
        input: { n: 7 },
        attempts: 1,
        error: { name: "DataError", message: "line 3 is no number" },
        log: ["reading line 3"],
      },
    ]);
  });

  test("each time it is tried ends with a letter, which a replay takes away", async ({
    queues,
    services,
  }) => {
    let broken = true;
    const failing = kind({
      kind: "failing",
      input: N,
      attempts: 3,
      async run() {
        if (broken) throw new Error("no luck");
        return {};
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(failing) });
    const { id } = await enqueue(queues, failing, { n: 1 });
    expect(await untilEnded(queues, id)).toMatchObject({
      state: "failed",
      attempts: { made: 3, allowed: 3 },
    });
    expect(await listDeadLetters(queues)).toMatchObject([{ id, attempts: 3 }]);

    broken = false;
    const replayed = await replayDeadLetter(queues, id);

    expect((await untilEnded(queues, replayed.id)).state).toBe("completed");
    expect(await listDeadLetters(queues)).toEqual([]);
  });

  test("can be replayed when Redis no longer knows it", async ({ queues, services }) => {
    let broken = true;
    const failing = kind({
      kind: "failing",
      input: N,
      attempts: 1,
      async run() {
        if (broken) throw new Error("no luck");
        return {};
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(failing) });
    const { id } = await enqueue(queues, failing, { n: 1 });
    await untilEnded(queues, id);
    await (await queues.of.observer.getJob(id))?.remove();

    broken = false;
    const replayed = await replayDeadLetter(queues, id);

    expect(replayed.id).not.toBe(id);
    expect((await untilEnded(queues, replayed.id)).state).toBe("completed");
    await expect(purgeDeadLetter(queues, id)).rejects.toThrow(/no dead letter/);
  });

  test("by taking too long is aborted and tried again", async ({ queues, services }) => {
    const told: unknown[] = [];
    const slow = kind({
      kind: "slow",
      input: N,
      attempts: 2,
      timeoutMs: 50,
      async run({ signal }) {
        if (told.length > 0) return {};
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        told.push(signal.reason.reason);
        signal.throwIfAborted();
        return {};
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(slow) });

    const { id } = await enqueue(queues, slow, { n: 1 });

    expect(await untilEnded(queues, id)).toMatchObject({ state: "completed", attempts: { made: 2 } });
    expect(told).toEqual(["timeout"]);
  });

  test("by an input of an older version names the field, and is not tried again", async ({
    queues,
    services,
  }) => {
    const older = kind({
      kind: "versioned",
      input: z.strictObject({ table: z.string() }),
      run: async () => ({}),
    });
    const newer = kind({
      kind: "versioned",
      input: z.strictObject({ tableName: z.string() }),
      run: async () => ({}),
    });
    const { id } = await enqueue(queues, older, { table: "a" });

    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(newer) });
    const ended = await untilEnded(queues, id);

    expect(ended).toMatchObject({ state: "failed", attempts: { made: 1 } });
    expect(ended.error).toContain("tableName");
  });

  test("because no version there is has such a kind fails once nobody can be thought to come", async ({
    queues,
    services,
  }) => {
    const gone = kind({ kind: "gone", input: N, run: async () => ({}) });
    const { id } = await enqueue(queues, gone, { n: 1 });

    await using _pool = await startPool(services, {
      ...{ pools: ["observer"], jobOf: jobOfKind, unknownKindPauseMs: 1 },
    });

    expect((await untilEnded(queues, id)).error).toContain("no kind gone");
    expect(await listDeadLetters(queues)).toMatchObject([{ id, attempts: 1 }]);
  });

  test("because an older version took it waits for a newer one, with all its attempts", async ({
    queues,
    services,
  }) => {
    const fresh = kind({ kind: "fresh", input: N, attempts: 1, run: async ({ input }) => ({ n: input.n }) });
    const { id } = await enqueue(queues, fresh, { n: 1 });
    {
      await using _older = await startPool(services, {
        ...{ pools: ["observer"], jobOf: jobOfKind, unknownKindPauseMs: 1_000 },
      });
      await expect.poll(() => queues.of.observer.getJobState(id)).toBe("delayed");
    }
    expect(await queues.of.observer.getJob(id)).toMatchObject({ attemptsMade: 0 });

    await using _newer = await startPool(services, { pools: ["observer"], jobOf: kindsOf(fresh) });

    expect(await untilEnded(queues, id)).toMatchObject({ state: "completed", output: { n: 1 } });
    expect(await listDeadLetters(queues)).toEqual([]);
  });

  test("by a full disk keeps its attempts, and its worker rests", async ({ queues, services }) => {
    const full = kind({
      kind: "full",
      input: N,
      attempts: 1,
      run: async () => Promise.reject(Object.assign(new Error("write failed"), { code: "ENOSPC" })),
    });
    await using pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(full) });

    const { id } = await enqueue(queues, full, { n: 1 });
    await expect.poll(() => queues.of.observer.getJobState(id)).toBe("delayed");

    expect(await queues.of.observer.getJob(id)).toMatchObject({ attemptsMade: 0 });
    expect(pool.workers[0]?.isPaused()).toBe(true);
    expect(await listDeadLetters(queues)).toEqual([]);
  });

  test("by returning more than fits in Redis says where bulk belongs", async ({ queues, services }) => {
    const bulky = kind({ kind: "bulky", input: N, run: async () => ({ rows: "x".repeat(2_000) }) });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(bulky) });

    const { id } = await enqueue(queues, bulky, { n: 1 });

    expect((await untilEnded(queues, id)).error).toMatch(/output of bulky has \d+ bytes/);
  });
});

describe("a parent whose part fails", () => {
  function flow() {
    const ran: number[] = [];
    const state = { broken: true };
    const part = kind({
      kind: "part",
      input: N,
      attempts: 2,
      async run({ input }) {
        ran.push(input.n);
        if (input.n === 1 && state.broken) throw new Error("the source is gone");
        return { n: input.n };
      },
    });
    const whole = kind({
      kind: "whole",
      input: N,
      attempts: 4,
      async run({ runChildren }) {
        const parts = await runChildren(
          "parts",
          [0, 1, 2].map((n) => child(part, { n })),
        );
        return { parts: parts.map(({ n }) => n) };
      },
    });
    return { ran, state, whole, jobOf: kindsOf(part, whole) };
  }

  test("fails with the part's reason after all parts have ended, and is not left waiting", async ({
    queues,
    services,
  }) => {
    const { ran, whole, jobOf } = flow();
    await using _pool = await startPool(services, { pools: ["observer"], jobOf });

    const { id } = await enqueue(queues, whole, { n: 1 });
    const ended = await untilEnded(queues, id);

    expect(ended).toMatchObject({ state: "failed", attempts: { made: 1 } });
    expect(ended.error).toBe("1 of 3 parts of parts failed: the source is gone");
    expect(ran.sort()).toEqual([0, 1, 1, 2]);
    expect((await listDeadLetters(queues)).map((letter) => letter.kind).sort()).toEqual(["part", "whole"]);
  });

  test("can be retried, and only the failed part is made anew", async ({ queues, services }) => {
    const { ran, state, whole, jobOf } = flow();
    await using _pool = await startPool(services, { pools: ["observer"], jobOf });
    const { id } = await enqueue(queues, whole, { n: 1 });
    await untilEnded(queues, id);

    state.broken = false;
    ran.length = 0;
    await retryJob(queues, id);

    expect(await untilEnded(queues, id)).toMatchObject({ state: "completed", output: { parts: [0, 1, 2] } });
    expect(ran).toEqual([1]);
  });
});
