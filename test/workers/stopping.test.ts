import { describe, expect } from "vitest";
import { z } from "zod";
import { cancelJob } from "../../queues/cancel.ts";
import { listDeadLetters } from "../../queues/dead-letters.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { JobStateError } from "../../queues/errors.ts";
import { readIntake } from "../../queues/intake-log.ts";
import { childId } from "../../queues/job-id.ts";
import { findJob, listChildren } from "../../queues/jobs.ts";
import { pausePool, resumePool } from "../../queues/pool-status.ts";
import { untilEnded } from "../../queues/watch.ts";
import { child } from "../../workers/define-job.ts";
import { startPool } from "../../workers/pool.ts";
import { Gate } from "../support/gate.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { test } from "../support/test.ts";

const N = z.strictObject({ n: z.number() });

describe("a worker that is stopped", () => {
  test("hands its job back at its newest checkpoint, with no attempt spent and no stall", async ({
    queues,
    services,
  }) => {
    const gate = new Gate();
    const from: unknown[] = [];
    const counting = kind({
      kind: "counting",
      input: N,
      checkpoint: z.strictObject({ at: z.number() }),
      attempts: 1,
      async run({ checkpoint, saveCheckpoint, signal }) {
        from.push(checkpoint);
        if (checkpoint) return {};
        for (let at = 1; at <= 50; at++) await saveCheckpoint({ at });
        await gate.passed(signal);
        return {};
      },
    });
    const options = { pools: ["observer"], jobOf: kindsOf(counting) } as const;
    const pool = await startPool(services, options);
    const { id } = await enqueue(queues, counting, { n: 1 });
    await gate.reached();

    await pool[Symbol.asyncDispose]();
    const handedBack = await queues.of.observer.getJob(id);
    const state = await queues.of.observer.getJobState(id);

    expect(state).toBe("waiting");
    expect(handedBack).toMatchObject({ attemptsMade: 0, attemptsStarted: 0, stalledCounter: 0 });
    await using _successor = await startPool(services, options);
    expect((await untilEnded(queues, id)).state).toBe("completed");
    expect(from).toEqual([undefined, { at: 50 }]);
  });

  test("hands back a job that ignores its signal", async ({ queues, services }) => {
    const gate = new Gate();
    const deaf = kind({
      kind: "deaf",
      input: N,
      async run() {
        await gate.passed();
        return {};
      },
    });
    const pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(deaf) });
    const { id } = await enqueue(queues, deaf, { n: 1 });
    await gate.reached();

    await pool[Symbol.asyncDispose]();

    expect(await queues.of.observer.getJobState(id)).toBe("waiting");
    gate.open();
  });

  test("hands back a parent while it adds its parts, and each part is made once", async ({
    queues,
    services,
  }) => {
    const part = kind({ kind: "part", input: N, run: async ({ input }) => ({ n: input.n }) });
    const gate = new Gate();
    const whole = kind({
      kind: "whole",
      input: N,
      async run({ runChildren, signal }) {
        const parts = Array.from({ length: 100 }, (_, n) => child(part, { n }));
        const first = await runChildren("first", parts);
        await gate.passed(signal);
        return { parts: first.length + (await runChildren("second", parts)).length };
      },
    });
    const options = { pools: ["observer"], jobOf: kindsOf(part, whole) } as const;
    const pool = await startPool(services, options);
    const { id } = await enqueue(queues, whole, { n: 1 });
    await gate.reached();

    await pool[Symbol.asyncDispose]();
    gate.open();
    await using _successor = await startPool(services, options);

    expect(await untilEnded(queues, id)).toMatchObject({ state: "completed", output: { parts: 200 } });
    expect(await queues.of.observer.getCompletedCount()).toBe(201);
  });
});

describe("a job that is cancelled", () => {
  test("while it waits never runs, and the same work asked for again does", async ({
    queues,
    services,
    lake,
  }) => {
    const ran: number[] = [];
    const work = kind({
      kind: "work",
      input: N,
      async run({ input }) {
        ran.push(input.n);
        return {};
      },
    });
    const first = await enqueue(queues, work, { n: 1 });

    const cancelled = await cancelJob(queues, first.id);
    const second = await enqueue(queues, work, { n: 1 });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(work) });

    expect(cancelled).toMatchObject({ state: "failed", cancelled: true, error: "cancelled" });
    expect(second).toMatchObject({ added: true });
    expect((await untilEnded(queues, second.id)).state).toBe("completed");
    await expect.poll(() => queues.of.observer.getJobState(first.id)).toBe("failed");
    expect(ran).toEqual([1]);
    expect(await listDeadLetters(queues)).toEqual([]);
    await queues.intake?.flush();
    expect((await readIntake(lake.storage)).pending.size).toBe(0);
  });

  test("while it runs is told by its signal, ends as cancelled and is not tried again", async ({
    queues,
    services,
  }) => {
    const gate = new Gate();
    let runs = 0;
    const work = kind({
      kind: "work",
      input: N,
      attempts: 5,
      async run({ signal }) {
        runs += 1;
        await gate.passed(signal);
        return {};
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(work) });
    const { id } = await enqueue(queues, work, { n: 1 });
    await gate.reached();

    await cancelJob(queues, id);

    expect(await untilEnded(queues, id)).toMatchObject({ state: "failed", cancelled: true });
    expect(runs).toBe(1);
    expect(await listDeadLetters(queues)).toEqual([]);
    await expect(cancelJob(queues, id)).rejects.toThrow(JobStateError);
  });

  test("is told also when the message finds no one, by its mark in Redis", async ({ queues, services }) => {
    const gate = new Gate();
    const work = kind({
      kind: "work",
      input: N,
      async run({ signal }) {
        await gate.passed(signal);
        return {};
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(work) });
    const { id } = await enqueue(queues, work, { n: 1 });
    await gate.reached();

    await queues.redis.hset(queues.of.observer.toKey(id), "defa", "cancelled");

    expect(await untilEnded(queues, id)).toMatchObject({ state: "failed", cancelled: true });
  });

  test("takes its parts with it, waiting, running and nested ones", async ({ queues, services }) => {
    const gate = new Gate();
    let done = 0;
    const leaf = kind({
      kind: "leaf",
      input: N,
      async run({ signal }) {
        await gate.passed(signal);
        done += 1;
        return {};
      },
    });
    const branch = kind({
      kind: "branch",
      input: N,
      run: async ({ runChildren }) => {
        await runChildren(
          "leaves",
          Array.from({ length: 8 }, (_, n) => child(leaf, { n })),
        );
        return {};
      },
    });
    const root = kind({
      kind: "root",
      input: N,
      run: async ({ runChildren }) => {
        await runChildren("branches", [child(branch, { n: 0 }), child(branch, { n: 1 })]);
        return {};
      },
    });
    const options = { pools: ["observer"], jobOf: kindsOf(leaf, branch, root), concurrency: 4 } as const;
    await using _pool = await startPool(services, options);
    const { id } = await enqueue(queues, root, { n: 1 });
    await gate.reached();
    await expect.poll(() => queues.of.observer.getActiveCount()).toBe(4);

    await cancelJob(queues, id);

    expect(await untilEnded(queues, id)).toMatchObject({ state: "failed", cancelled: true });
    await expect
      .poll(() => queues.of.observer.getJobCountByTypes("waiting", "active", "waiting-children"))
      .toBe(0);
    expect(done).toBe(0);
    const branches = await listChildren(queues, id);
    expect(branches.map(({ cancelled }) => cancelled)).toEqual([true, true]);
    const aLeaf = await findJob(queues, childId(childId(id, "branches", 0, 0), "leaves", 7, 0));
    expect(aLeaf).toMatchObject({ state: "failed", cancelled: true });
  });
});

describe("a pool that is paused", () => {
  test("starts nothing until it is resumed", async ({ queues, services }) => {
    const work = kind({ kind: "work", input: N, run: async () => ({}) });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(work) });
    await pausePool(queues, "observer");

    const { id } = await enqueue(queues, work, { n: 1 });
    const before = await findJob(queues, id);
    await resumePool(queues, "observer");

    expect(before?.state).toBe("waiting");
    expect((await untilEnded(queues, id)).state).toBe("completed");
  });
});
