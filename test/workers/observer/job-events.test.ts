import { Worker } from "bullmq";
import { describe, expect } from "vitest";
import { z } from "zod";
import { DataError } from "../../../data/errors.ts";
import type { Lake } from "../../../data/lake.ts";
import { appendOldest } from "../../../data/observer/append-batches.ts";
import { corrections, errors } from "../../../data/observer/lessons/lesson.ts";
import { refreshTogether } from "../../../data/observer/refresh.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import type { Queues } from "../../../queues/queues.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { child } from "../../../workers/define-job.ts";
import { JobEvents } from "../../../workers/job-events.ts";
import { observerAppend } from "../../../workers/observer/observer-append/job.ts";
import { startPool } from "../../../workers/pool.ts";
import { kind, kindsOf } from "../../support/kinds.ts";
import { test } from "../../support/test.ts";

const carry = kind({
  kind: "carry",
  pool: "maintenance",
  input: z.strictObject({ patient: z.string() }),
  attempts: 2,
  async run({ input }) {
    if (input.patient === "bad") throw new DataError(`There is no road "${input.patient}"`);
    return {};
  },
});

const Row = z.object({
  id: z.string(),
  event_kind: z.string(),
  success: z.boolean(),
  error_pattern: z.string().nullable(),
  run_id: z.string(),
  config: z.string(),
  attributes: z.string(),
});

async function eventsOf(lake: Lake) {
  const table = lake.table("observer.events");
  if (!(await table.exists())) return [];
  const rows = await (await table.snapshot()).readSql({ columns: Object.keys(Row.shape) });
  return (await lake.duckdb()).query(Row, `select * from (${rows}) order by event_kind, success`);
}

/** What a process does that is killed in its job: it takes it and never renews the lock. */
async function takeAndDie({ redis, address }: Queues): Promise<void> {
  const dying = new Worker("maintenance", null, {
    ...{ connection: redis, prefix: address.prefix, lockDuration: 200, skipStalledCheck: true },
  });
  expect(await dying.getNextJob("a token")).toBeDefined();
  await dying.close(true);
}

describe("the jobs of a process that tells the observer", () => {
  test("are events with their outcome and settings, without their input; taking events in is none", async ({
    services,
    lake,
    queues,
  }) => {
    await using _pool = await startPool(services, {
      pools: ["maintenance", "observer"],
      jobOf: kindsOf(carry, observerAppend),
      observe: true,
    });
    await enqueue(queues, carry, { patient: "good" });
    await enqueue(queues, carry, { patient: "bad" });

    await expect.poll(async () => (await eventsOf(lake)).length).toBe(2);
    const [failed, succeeded] = await eventsOf(lake);
    expect(failed).toMatchObject({
      event_kind: "carry",
      success: false,
      error_pattern: "There is no road <text>",
    });
    expect(JSON.parse(failed?.attributes ?? "")).toMatchObject({
      outcome: "failed",
      error_name: "DataError",
    });
    expect(succeeded).toMatchObject({ event_kind: "carry", success: true, error_pattern: null });
    expect(succeeded?.run_id).toMatch(/^carry\.[0-9a-z]{12}$/);
    expect(JSON.parse(succeeded?.config ?? "")).toMatchObject({ attempts: 2, timeoutMs: 60_000 });
    expect(JSON.stringify(succeeded)).not.toContain("good");

    // More rounds of taking in leave nothing behind that would have to be taken in.
    await enqueue(queues, observerAppend, {});
    await expect.poll(() => queues.of.observer.getJobCountByTypes("active", "waiting")).toBe(0);
    expect(await eventsOf(lake)).toHaveLength(2);
  });

  test("tell a part's stall under the part's own kind, and its later success corrects it by trying again", async ({
    services,
    lake,
    queues,
  }) => {
    const carryAll = kind({
      kind: "carry-all",
      pool: "sequences",
      input: z.strictObject({}),
      run: ({ runChildren }) => runChildren("carried", [child(carry, { patient: "good" })]),
    });
    const jobOf = kindsOf(carryAll, carry, observerAppend);
    await using _parents = await startPool(services, { pools: ["sequences"], jobOf });
    const { id } = await enqueue(queues, carryAll, {});
    await expect.poll(() => queues.of.maintenance.getWaitingCount()).toBe(1);
    await takeAndDie(queues);

    await using _pool = await startPool(services, {
      ...{ pools: ["maintenance", "observer"], jobOf, observe: true, stalledCheckMs: 100 },
    });
    expect(await untilEnded(queues, id)).toMatchObject({ state: "completed" });
    await expect.poll(async () => (await eventsOf(lake)).length).toBe(2);

    const [stalled, succeeded] = await eventsOf(lake);
    expect(stalled).toMatchObject({ event_kind: "carry", success: false });
    expect(JSON.parse(stalled?.attributes ?? "")).toMatchObject({ outcome: "stalled" });
    expect(succeeded).toMatchObject({ event_kind: "carry", success: true, run_id: stalled?.run_id });
    await refreshTogether(lake, [errors, corrections]);
    const found = await (await lake.table(corrections.table).snapshot()).readSql();
    expect(
      await (await lake.duckdb()).query(z.object({ how: z.string() }), `select how from (${found})`),
    ).toEqual([{ how: "retry" }]);
  });

  test("have a name and a run of their own, however long their ids are", async ({ services, lake }) => {
    const parts = [`${"p".repeat(130)}.carried.0.0`, `${"p".repeat(130)}.carried.1.0`];
    await using events = new JobEvents(services, { jobOf: kindsOf(carry) });
    for (const id of parts) {
      const part = { id, name: "carry", processedOn: 1, attemptsMade: 1 };
      events.ended("maintenance", part, "retried", new Error("it was cut off"));
      events.ended("maintenance", part, "completed");
    }
    await events.flush();
    while (await appendOldest(lake));

    const told = await eventsOf(lake);
    expect(new Set(told.map(({ id }) => id)).size).toBe(4);
    expect(new Set(told.map(({ run_id }) => run_id)).size).toBe(2);
  });

  test("tell nothing where nobody asked for it", async ({ services, lake, queues }) => {
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: kindsOf(carry) });
    const { id } = await enqueue(queues, carry, { patient: "good" });

    await expect.poll(() => queues.of.maintenance.getJobState(id)).toBe("completed");

    const kept: string[] = [];
    for await (const { key } of lake.storage.list("_observer/")) kept.push(key);
    expect(kept).toEqual([]);
  });
});
