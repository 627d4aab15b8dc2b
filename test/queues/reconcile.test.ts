import { describe, expect } from "vitest";
import { z } from "zod";
import { auditQueues, failedWithoutLetter } from "../../queues/audit.ts";
import { listDeadLetters, purgeDeadLetter } from "../../queues/dead-letters.ts";
import { enqueue, enqueueMany } from "../../queues/enqueue.ts";
import { INTAKE_PREFIX, UNREADABLE_PREFIX } from "../../queues/intake.ts";
import { readIntake } from "../../queues/intake-log.ts";
import { childId } from "../../queues/job-id.ts";
import { pausePool } from "../../queues/pool-status.ts";
import { openQueues, type Queues } from "../../queues/queues.ts";
import { reconcileIntake } from "../../queues/reconcile.ts";
import { untilEnded } from "../../queues/watch.ts";
import { child } from "../../workers/define-job.ts";
import { reconcileNow } from "../../workers/maintenance/reconcile/run.ts";
import { startPool } from "../../workers/pool.ts";
import { Gate } from "../support/gate.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { test } from "../support/test.ts";

const N = z.strictObject({ n: z.number() });
const atOnce = { onItsWayMs: 0 };

function counting(ran: number[]) {
  return kind({
    kind: "count",
    input: N,
    async run({ input }) {
      ran.push(input.n);
      return {};
    },
  });
}

/** All that this test has in Redis is gone, as after FLUSHALL; the server is shared with other tests. */
async function loseRedis({ redis, address }: Queues): Promise<void> {
  for await (const keys of redis.scanStream({ match: `${address.prefix}:*`, count: 1_000 })) {
    if (keys.length > 0) await redis.del(...keys);
  }
}

describe("two requests for one work", () => {
  const count = counting([]);
  const leftOf = async (queues: Queues) => {
    await queues.intake?.flush();
    await loseRedis(queues);
    await reconcileIntake(queues, atOnce);
    return (await queues.of.observer.getWaiting()).map(({ id }) => id);
  };

  test("leave one, also when the first was told that Redis is away and came to it late", async ({
    queues,
  }) => {
    const first = await enqueue(queues, count, { n: 1 });
    queues.intake?.ended(first.id);

    expect(await enqueue(queues, count, { n: 1 })).toEqual({ ...first, added: false });
    expect(await leftOf(queues)).toEqual([first.id]);
  });

  test("leave one, also when the first has a name and is asked for again by it", async ({ queues }) => {
    const named = { requestId: "night" };
    const first = await enqueue(queues, count, { n: 1 }, named);
    queues.intake?.ended(first.id);

    expect(await enqueue(queues, count, { n: 1 }, named)).toEqual({ ...first, added: false });
    expect(await leftOf(queues)).toEqual([first.id]);
  });

  test("leave one, also when they are reconciled before the second is marked as ended", async ({
    queues,
  }) => {
    const first = await enqueue(queues, count, { n: 1 });
    await enqueue(queues, count, { n: 1 });

    await reconcileIntake(queues, atOnce);

    expect(await leftOf(queues)).toEqual([first.id]);
  });

  test("leave the last, when another input took the place of the first", async ({ queues }) => {
    const loose = { ...count, key: () => "same" };
    const begun = await enqueue(queues, loose, { n: 1 });
    await queues.redis.hset(queues.of.observer.toKey(begun.id), "processedOn", Date.now());
    await enqueue(queues, loose, { n: 2 });
    const last = await enqueue(queues, loose, { n: 3 });
    queues.intake?.ended(begun.id);

    expect(await leftOf(queues)).toEqual([last.id]);
  });
});

describe("a line of the intake that nobody of ours has written", () => {
  test.for(["5", "null", "{}", '{"accepted":null}', '{"accepted":{"id":"a.b","pool":"none"}}', '{"acc'])(
    "is in nobody's way and is put aside: %s",
    async (line, { queues, lake }) => {
      const { id } = await enqueue(queues, counting([]), { n: 1 });
      await lake.storage.put(`${INTAKE_PREFIX}00000000000001-foreign.ndjson`, `${line}\n`);
      await loseRedis(queues);

      expect(await reconcileIntake(queues, atOnce)).toMatchObject({ requeued: 1, unreadable: 1 });
      expect((await queues.of.observer.getWaiting()).map((job) => job.id)).toEqual([id]);

      for (let n = 0; n < 20; n += 1)
        await lake.storage.put(`${INTAKE_PREFIX}0000000000001${n}-x.ndjson`, "");
      await reconcileIntake(queues, atOnce);

      const aside = [];
      for await (const { key } of lake.storage.list(UNREADABLE_PREFIX))
        aside.push(await lake.storage.get(key));
      expect(aside.map(String)).toEqual([`${line}\n`]);
      expect(await reconcileIntake(queues, atOnce)).toMatchObject({ pending: 1, unreadable: 0 });
    },
  );
});

describe("when Redis has lost everything", () => {
  test("accepted work is queued again under its ids and done", async ({ queues, services }) => {
    const ran: number[] = [];
    const count = counting(ran);
    const asked = await enqueueMany(
      queues,
      count,
      Array.from({ length: 300 }, (_, n) => ({ n })),
    );

    await loseRedis(queues);
    const report = await reconcileIntake(queues, atOnce);
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(count) });
    const ended = await Promise.all(asked.map(({ id }) => untilEnded(queues, id)));

    expect(report).toMatchObject({ pending: 300, requeued: 300 });
    expect(ended.every(({ state }) => state === "completed")).toBe(true);
    expect(ran.sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, n) => n));
  });

  test("work that was not recorded is lost, which is what the record is for", async ({ address }) => {
    await using unguarded = openQueues(address, { role: "worker" });
    await enqueueMany(unguarded, counting([]), [{ n: 1 }]);

    await loseRedis(unguarded);
    await reconcileIntake(unguarded, atOnce);

    expect(await unguarded.of.observer.getWaitingCount()).toBe(0);
  });

  test("what had ended is not done again", async ({ queues, services }) => {
    const ran: number[] = [];
    const count = counting(ran);
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(count) });
    const { id } = await enqueue(queues, count, { n: 1 });
    await untilEnded(queues, id);
    await expect.poll(async () => (await reconcileIntake(queues, atOnce)).pending).toBe(0);

    await loseRedis(queues);

    expect(await reconcileIntake(queues, atOnce)).toMatchObject({ pending: 0, requeued: 0 });
    expect(ran).toEqual([1]);
  });

  test("a flow in the middle of its parts starts again and ends with all of them", async ({
    queues,
    services,
  }) => {
    const gate = new Gate();
    const part = kind({
      kind: "part",
      input: N,
      async run({ input, signal }) {
        if (input.n === 3) await gate.passed(signal);
        return { n: input.n };
      },
    });
    const whole = kind({
      kind: "whole",
      input: N,
      async run({ runChildren }) {
        const parts = Array.from({ length: 6 }, (_, n) => child(part, { n }));
        return { parts: (await runChildren("parts", parts)).length };
      },
    });
    const jobOf = kindsOf(part, whole);
    {
      await using _pool = await startPool(services, { pools: ["observer"], jobOf });
      await enqueue(queues, whole, { n: 0 });
      await gate.reached();
      await loseRedis(queues);
    }
    gate.open();

    await reconcileIntake(queues, atOnce);
    await using _pool = await startPool(services, { pools: ["observer"], jobOf });
    const [parent] = (await readIntake(queues.store ?? never())).pending.keys();

    expect(await untilEnded(queues, parent ?? "")).toMatchObject({
      state: "completed",
      output: { parts: 6 },
    });
  });

  test("two that reconcile at once make one job of each", async ({ queues, address, lake }) => {
    await using other = openQueues(address, { role: "worker", store: lake.storage });
    await enqueueMany(
      queues,
      counting([]),
      Array.from({ length: 200 }, (_, n) => ({ n })),
    );
    await loseRedis(queues);

    await Promise.all([reconcileIntake(queues, atOnce), reconcileIntake(other, atOnce)]);

    expect(await queues.of.observer.getWaitingCount()).toBe(200);
  });
});

describe("the record of accepted work", () => {
  test("shrinks to what is pending, also when two shrink it at once", async ({ address, lake }) => {
    const { logs: _, ...store } = lake.storage;
    await using queues = openQueues(address, { role: "worker", store });
    await using other = openQueues(address, { role: "worker", store });
    const count = counting([]);
    for (let n = 0; n < 40; n++) await enqueue(queues, count, { n });

    const [one, two] = await Promise.all([reconcileIntake(queues, atOnce), reconcileIntake(other, atOnce)]);
    const log = await readIntake(lake.storage);

    expect(one.compacted || two.compacted).toBe(true);
    expect(log.pending.size).toBe(40);
    expect(log.segments.size).toBeLessThan(16);
  });

  test("keeps a job that is asked for while it shrinks", async ({ queues, lake }) => {
    const count = counting([]);
    for (let n = 0; n < 40; n++) await enqueue(queues, count, { n });

    await Promise.all([
      reconcileIntake(queues, atOnce),
      ...Array.from({ length: 50 }, (_, n) => enqueue(queues, count, { n: 100 + n })),
    ]);

    expect((await readIntake(lake.storage)).pending.size).toBe(90);
  });

  test("lets the newest of several requests for the same work stand for all", async ({ queues, lake }) => {
    const same = kind({ kind: "same", input: N, key: () => "one", run: async () => ({}) });
    const line = (id: string, at: number) =>
      JSON.stringify({
        accepted: {
          id: `same.aaaaaaaaaaaa.${id}`,
          kind: "same",
          pool: "observer",
          input: { n: at },
          attempts: 1,
          backoffMs: 1,
          at,
        },
      });
    await lake.storage.put(
      `${INTAKE_PREFIX}1.ndjson`,
      `${[line("x", 1), line("y", 3), line("z", 2)].join("\n")}\n`,
    );

    const report = await reconcileIntake(queues, atOnce);

    expect(report).toMatchObject({ pending: 3, requeued: 1, settled: 2 });
    const [job] = await queues.of.observer.getWaiting();
    expect(job).toMatchObject({ id: "same.aaaaaaaaaaaa.y", data: { input: { n: 3 } }, name: same.kind });
  });
});

describe("what hangs", () => {
  test("a parent that waits for a part which is gone is released", async ({ queues, services }) => {
    const gate = new Gate();
    const part = kind({
      kind: "part",
      input: N,
      async run({ signal }) {
        await gate.passed(signal);
        return { n: 1 };
      },
    });
    const whole = kind({
      kind: "whole",
      input: N,
      run: async ({ runChildren }) => ({ parts: await runChildren("parts", [child(part, { n: 1 })]) }),
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(part, whole) });
    const { id } = await enqueue(queues, whole, { n: 1 });
    const queue = queues.of.observer;
    await expect.poll(() => queue.getJobState(id)).toBe("waiting-children");
    await queues.redis.sadd(`${queue.toKey(id)}:dependencies`, queue.toKey("gone"));
    gate.open();
    await untilEnded(queues, childId(id, "parts", 0, 0));

    const tooSoon = await auditQueues(queues);
    const stuck = await queue.getJobState(id);
    const audit = await auditQueues(queues, { stuckAfterMs: 0 });

    expect(tooSoon.releasedParents).toEqual([]);
    expect(stuck).toBe("waiting-children");
    expect(audit.releasedParents).toEqual([id]);
    expect(await untilEnded(queues, id)).toMatchObject({ state: "completed", output: { parts: [{ n: 1 }] } });
  });

  test("a job that failed without a dead letter gets one, and none after the letter was purged", async ({
    queues,
    services,
  }) => {
    const failing = kind({
      kind: "failing",
      input: N,
      attempts: 1,
      run: async () => Promise.reject(new Error("no luck")),
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(failing) });
    const { id } = await enqueue(queues, failing, { n: 1 });
    await untilEnded(queues, id);
    await purgeDeadLetter(queues, id);
    await queues.redis.hdel(queues.of.observer.toKey(id), "letter");

    const written = await reconcileNow(services);
    expect(written.lettersWritten).toBe(1);
    expect(await listDeadLetters(queues)).toMatchObject([{ id, error: { message: "no luck" } }]);

    await purgeDeadLetter(queues, id);
    expect(await failedWithoutLetter(queues)).toEqual([]);
  });

  test("paused pools and jobs held by nobody are named", async ({ queues }) => {
    await pausePool(queues, "embedding");
    const { id } = await enqueue(queues, counting([]), { n: 1 });
    const queue = queues.of.observer;
    await queues.redis.rpoplpush(queue.toKey("wait"), queue.toKey("active"));

    const audit = await auditQueues(queues);

    expect(audit.pausedPools).toEqual(["embedding"]);
    expect(audit.activeWithoutLock).toEqual([id]);
  });
});

function never(): never {
  throw new Error("the test's queues record what they accept");
}
