import { describe, expect } from "vitest";
import { z } from "zod";
import { enqueue } from "../../queues/enqueue.ts";
import { retention } from "../../queues/retention.ts";
import { untilEnded } from "../../queues/watch.ts";
import { startPool } from "../../workers/pool.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { test } from "../support/test.ts";

const errand = kind({
  kind: "errand",
  input: z.strictObject({ part: z.int(), fails: z.boolean() }),
  attempts: 1,
  key: ({ part }) => String(part),
  async run({ input }) {
    if (input.fails) throw new Error("as asked");
    return {};
  },
});

describe.each(["completed", "failed"] as const)("what has %s", (state) => {
  test("is forgotten after its time, and not before", async ({ queues, services }) => {
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kindsOf(errand) });
    const queue = queues.of.observer;
    const end = async (part: number) => {
      const { id } = await enqueue(queues, errand, { part, fails: state === "failed" });
      await untilEnded(queues, id);
      return id;
    };
    const [old, young] = [await end(1), await end(2)];
    const ended = (id: string, agoS: number) =>
      queues.redis.zadd(queue.toKey(state), Date.now() - agoS * 1_000, id);
    await ended(old, retention[state].age + 60);
    await ended(young, retention[state].age - 60);

    const last = await end(3);

    expect(await queue.getJob(old)).toBeUndefined();
    expect((await queue.getJobs([state])).map(({ id }) => id).sort()).toEqual([young, last].sort());
  });
});
