import { describe, expect } from "vitest";
import { ZodError, z } from "zod";
import type { Storage } from "../../data/storage/storage.ts";
import { cancelJob } from "../../queues/cancel.ts";
import { enqueue, enqueueMany } from "../../queues/enqueue.ts";
import { InputTooLargeError, RedisUnavailableError } from "../../queues/errors.ts";
import { readIntake } from "../../queues/intake-log.ts";
import { findJob } from "../../queues/jobs.ts";
import { openQueues } from "../../queues/queues.ts";
import type { RecordLog, RecordStore } from "../../queues/record-store.ts";
import { untilEnded } from "../../queues/watch.ts";
import { child } from "../../workers/define-job.ts";
import { startPool } from "../../workers/pool.ts";
import { Gate } from "../support/gate.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { test } from "../support/test.ts";

const Input = z.strictObject({ table: z.string(), note: z.string().optional() });
const merge = kind({
  kind: "merge",
  input: Input,
  key: ({ table }) => table,
  run: async ({ input }) => ({ note: input.note ?? "" }),
});

describe("asking for the same work again", () => {
  test("while it waits names the job that waits", async ({ queues }) => {
    const first = await enqueue(queues, merge, { table: "a" });

    const second = await enqueue(queues, merge, { table: "a" });
    const other = await enqueue(queues, merge, { table: "b" });

    expect(second).toEqual({ ...first, added: false });
    expect(other.added).toBe(true);
    expect(await queues.of.observer.getWaitingCount()).toBe(2);
  });

  test("while it runs keeps the last request to run after it", async ({ queues, services }) => {
    const gate = new Gate();
    const notes: string[] = [];
    const slow = kind({
      ...merge,
      async run({ input }) {
        notes.push(input.note ?? "");
        if (notes.length === 1) await gate.passed();
        return {};
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(slow) });

    await enqueue(queues, slow, { table: "a", note: "first" });
    await gate.reached();
    await enqueue(queues, slow, { table: "a", note: "second" });
    const last = await enqueue(queues, slow, { table: "a", note: "third" });
    const kept = await findJob(queues, last.id);
    gate.open();

    expect(last.added).toBe(true);
    expect(kept).toMatchObject({ state: "waiting", input: { table: "a", note: "third" } });
    expect(await untilEnded(queues, last.id)).toMatchObject({ state: "completed" });
    expect(notes).toEqual(["first", "third"]);
  });

  test("while it waits for its parts is kept to run after it", async ({ queues, services }) => {
    const gate = new Gate();
    const ran = new Set<string>();
    const part = kind({
      kind: "part",
      input: z.strictObject({}),
      async run() {
        if (ran.size === 1) await gate.passed();
        return {};
      },
    });
    const flow = kind({
      ...merge,
      async run({ id, runChildren }) {
        ran.add(id);
        await runChildren("parts", [child(part, {})]);
        return {};
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(flow, part) });

    const first = await enqueue(queues, flow, { table: "a" });
    await gate.reached();
    await expect.poll(() => queues.of.observer.getJobState(first.id)).toBe("waiting-children");
    const second = await enqueue(queues, flow, { table: "a" });
    const third = await enqueue(queues, flow, { table: "a" });
    gate.open();

    expect(second.added).toBe(true);
    expect(third).toEqual({ ...second, added: false });
    expect(await untilEnded(queues, second.id)).toMatchObject({ state: "completed" });
    expect([...ran]).toEqual([first.id, second.id]);
  });

  test("that is kept and cancelled leaves nothing of it, and the one that runs runs on", async ({
    queues,
    services,
    lake,
  }) => {
    const gate = new Gate();
    let runs = 0;
    const slow = kind({
      ...merge,
      async run() {
        runs += 1;
        await gate.passed();
        return {};
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(slow) });
    const first = await enqueue(queues, slow, { table: "a" });
    await gate.reached();
    const second = await enqueue(queues, slow, { table: "a" });

    expect(await cancelJob(queues, second.id)).toMatchObject({ state: "failed", cancelled: true });
    gate.open();

    expect(await untilEnded(queues, first.id)).toMatchObject({ state: "completed" });
    expect(await findJob(queues, second.id)).toBeUndefined();
    expect([...(await readIntake(lake.storage)).pending.keys()]).not.toContain(second.id);
    expect(runs).toBe(1);
  });

  test("after it has completed or failed runs it again", async ({ queues, services }) => {
    let runs = 0;
    const flaky = kind({
      ...merge,
      attempts: 1,
      async run() {
        runs += 1;
        if (runs === 1) throw new Error("the first time fails");
        return {};
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(flaky) });

    const states: string[] = [];
    for (let n = 0; n < 3; n++) {
      const { id } = await enqueue(queues, flaky, { table: "a" });
      states.push((await untilEnded(queues, id)).state);
    }

    expect(states).toEqual(["failed", "completed", "completed"]);
    expect(runs).toBe(3);
  });
});

describe("a request with a name of its own", () => {
  test("is one job however often it is made, also after the job has completed", async ({
    queues,
    services,
  }) => {
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(merge) });

    const first = await enqueue(queues, merge, { table: "a" }, { requestId: "slot-1" });
    await untilEnded(queues, first.id);
    const again = await enqueue(queues, merge, { table: "a" }, { requestId: "slot-1" });

    expect(again).toEqual({ ...first, added: false });
    expect(await queues.of.observer.getCompletedCount()).toBe(1);
  });

  test("runs again under its id when its job has failed", async ({ queues, services }) => {
    let broken = true;
    const flaky = kind({
      ...merge,
      attempts: 1,
      async run() {
        if (broken) throw new Error("broken");
        return {};
      },
    });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(flaky) });
    const first = await enqueue(queues, flaky, { table: "a" }, { requestId: "slot-1" });
    await untilEnded(queues, first.id);

    broken = false;
    const again = await enqueue(queues, flaky, { table: "a" }, { requestId: "slot-1" });

    expect(again).toEqual({ ...first, added: true });
    expect((await untilEnded(queues, first.id)).state).toBe("completed");
  });

  test("may have any characters", async ({ queues }) => {
    const named = { requestId: "a key: with / signs, and äöü" };

    const { id } = await enqueue(queues, merge, { table: "a" }, named);

    expect(id).toMatch(/^merge\.[0-9a-z]{12}\.[0-9a-z]{12}$/);
    expect(await findJob(queues, id)).toMatchObject({ id, state: "waiting" });
  });
});

describe("what is refused", () => {
  test("is an input over 64 KB, before anything is written", async ({ queues, lake }) => {
    const large = { table: "a", note: "x".repeat(64 * 1024) };

    await expect(enqueue(queues, merge, large)).rejects.toThrow(InputTooLargeError);
    expect((await readIntake(lake.storage)).lines).toBe(0);
  });

  test("is an input of the wrong shape, with the field's name", async ({ queues }) => {
    const wrong = { table: "a", cohrot: "b" } as unknown as z.infer<typeof Input>;

    const refused = await enqueue(queues, merge, wrong).catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(ZodError);
    expect(String(refused)).toContain("cohrot");
  });

  test("is everything of a batch when one of it is wrong", async ({ queues }) => {
    const batch = [{ table: "a" }, { table: 1 } as unknown as z.infer<typeof Input>];

    await expect(enqueueMany(queues, merge, batch)).rejects.toThrow(ZodError);
    expect(await queues.of.observer.getWaitingCount()).toBe(0);
  });

  test("is everything while Redis is away, and nothing of it comes back later", async ({ lake }) => {
    const address = { redisUrl: "redis://127.0.0.1:1", prefix: "away" };
    await using queues = openQueues(address, { store: lake.storage });

    await expect(enqueue(queues, merge, { table: "a" })).rejects.toThrow(RedisUnavailableError);
    expect((await readIntake(lake.storage)).pending.size).toBe(0);
  });
});

describe("a batch", () => {
  test("of thousands is queued whole, equal work once", async ({ queues }) => {
    const inputs = Array.from({ length: 2_500 }, (_, n) => ({ table: `t${n % 2_400}` }));

    const asked = await enqueueMany(queues, merge, inputs);

    expect(asked).toHaveLength(2_500);
    expect(asked.filter(({ added }) => added)).toHaveLength(2_400);
    expect(await queues.of.observer.getWaitingCount()).toBe(2_400);
  });
});

describe.each([true, false])("the intake, where files can grow: %s", (grows) => {
  test("has the record before Redis has the job", async ({ address, lake }) => {
    const atWrite: number[] = [];
    const store: RecordStore = watched(lake.storage, grows, async () => {
      atWrite.push(await queues.of.observer.getWaitingCount());
    });
    await using queues = openQueues(address, { role: "worker", store });

    const { id } = await enqueue(queues, merge, { table: "a" });

    expect(atWrite).toEqual([0]);
    expect([...(await readIntake(lake.storage)).pending.keys()]).toEqual([id]);
  });

  test("accepts nothing that it cannot write", async ({ address, lake }) => {
    const store = watched(lake.storage, grows, async () => {
      throw new Error("the disk is full");
    });
    await using queues = openQueues(address, { role: "worker", store });

    await expect(enqueue(queues, merge, { table: "a" })).rejects.toThrow("the disk is full");
    expect(await queues.of.observer.getWaitingCount()).toBe(0);
  });

  test("lets many callers share one write", async ({ address, lake }) => {
    let writes = 0;
    const store = watched(lake.storage, grows, async () => {
      writes += 1;
    });
    await using queues = openQueues(address, { role: "worker", store });

    await Promise.all(Array.from({ length: 200 }, (_, n) => enqueue(queues, merge, { table: `t${n}` })));

    expect(writes).toBeLessThan(20);
    expect((await readIntake(lake.storage)).pending.size).toBe(200);
  });
});

function watched(store: Storage, grows: boolean, beforeWrite: () => Promise<void>): RecordStore {
  const { logs } = store;
  return {
    put: async (key, body) => {
      await beforeWrite();
      return store.put(key, body);
    },
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    delete: (key) => store.delete(key),
    ...(grows &&
      logs && { logs: { ...logs, create: async (key) => watchedLog(await logs.create(key), beforeWrite) } }),
  };
}

function watchedLog(log: RecordLog, beforeWrite: () => Promise<void>): RecordLog {
  return {
    async append(text) {
      await beforeWrite();
      return log.append(text);
    },
    close: () => log.close(),
  };
}
