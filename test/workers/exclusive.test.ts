import { describe, expect } from "vitest";
import { z } from "zod";
import { enqueueMany } from "../../queues/enqueue.ts";
import { untilEnded } from "../../queues/watch.ts";
import { takeLease } from "../../workers/lease.ts";
import { startPool } from "../../workers/pool.ts";
import { Gate } from "../support/gate.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { test } from "../support/test.ts";

const Merge = z.strictObject({ table: z.string(), n: z.number() });

/** Merges that say how many of them were at work on one table at a time; where more may be, the first waits for the second. */
function merges(exclusive: boolean) {
  const gates = new Map(["t0", "t1"].map((table) => [table, new Gate()]));
  const atWork = new Map<string, number>();
  const most = new Map<string, number>();
  const merge = kind({
    kind: "merge",
    input: Merge,
    ...(exclusive ? { exclusive: ({ table }: z.infer<typeof Merge>) => table } : {}),
    async run({ input: { table }, reportProgress, signal }) {
      const now = (atWork.get(table) ?? 0) + 1;
      atWork.set(table, now);
      most.set(table, Math.max(now, most.get(table) ?? 0));
      if (now > 1) gates.get(table)?.open();
      if (!exclusive) await gates.get(table)?.passed(signal);
      for (let done = 0; done < 20; done++) {
        await reportProgress({ stage: "merge", done, total: 20, unit: "steps" });
        await new Promise(setImmediate);
      }
      atWork.set(table, now - 1);
      return {};
    },
  });
  return { merge, most };
}

describe("what only one job may work on", () => {
  for (const exclusive of [true, false]) {
    const title = exclusive
      ? "is worked on by one at a time, and other tables side by side with it"
      : "is worked on by many where the kind does not ask for more";
    test(title, async ({ queues, services }) => {
      const { merge, most } = merges(exclusive);
      const options = { pools: ["observer"], jobOf: kindsOf(merge), concurrency: 8 } as const;
      const inputs = Array.from({ length: 12 }, (_, n) => ({ table: `t${n % 2}`, n }));
      const asked = await enqueueMany(queues, merge, inputs);

      await using _pool = await startPool(services, options);
      const ended = await Promise.all(asked.map(({ id }) => untilEnded(queues, id)));

      expect(ended.every(({ state }) => state === "completed")).toBe(true);
      for (const busiest of most.values()) {
        if (exclusive) expect(busiest).toBe(1);
        else expect(busiest).toBeGreaterThan(1);
      }
    });
  }

  test("is left by a job that does not get it in time", async ({ queues }) => {
    const { signal } = new AbortController();
    await using held = await takeLease(queues, "table", 0, signal);

    const second = await takeLease(queues, "table", 20, signal);

    expect(held).toBeDefined();
    expect(second).toBeUndefined();
  });

  test("is not waited for by a job that is told to stop", async ({ queues }) => {
    const abort = new AbortController();
    await using _held = await takeLease(queues, "table", 0, abort.signal);

    const waiting = takeLease(queues, "table", 60_000, abort.signal);
    abort.abort();

    await expect(waiting).rejects.toThrow();
  });
});
