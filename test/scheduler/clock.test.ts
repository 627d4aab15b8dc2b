import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { test as base, describe, expect, inject, vi } from "vitest";
import { openFolder } from "../../data/storage/folder.ts";
import type { Storage } from "../../data/storage/storage.ts";
import { openQueues, type Queues } from "../../queues/queues.ts";
import { startClock } from "../../scheduler/clock.ts";
import { type Ground, runNow } from "../../scheduler/fire.ts";
import { schedulerHeard, startHeartbeat } from "../../scheduler/heartbeat.ts";
import { scheduleNamed, stateOf, switchSchedule } from "../../scheduler/list.ts";
import { readLastFire, writeLastFire, writeSwitch } from "../../scheduler/memory.ts";
import { on, type Schedule } from "../../scheduler/schedule.ts";
import { lastSlot } from "../../scheduler/slots.ts";
import { everySecond, tick } from "./tick.ts";

const HOUR_MS = 60 * 60 * 1_000;
/** Never due while the test runs: the one slot of the day is twelve hours from now. */
const farHour = new Date(Date.now() + 12 * HOUR_MS).getUTCHours();
const daily = on({ name: "daily", cron: `0 ${farHour} * * *`, catchUp: "last" }, tick, {});
const forgiving: Schedule = { ...daily, catchUp: "none" };

const test = base.extend<{ storage: Storage; queues: Queues; ground: Ground & { log: Logger } }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads this pattern to learn what the fixture needs.
  storage: async ({}, use) => {
    const dir = await mkdtemp(join(tmpdir(), "millrace-clock-"));
    await use(openFolder(dir));
    await rm(dir, { recursive: true });
  },
  queues: async ({ storage }, use) => {
    await using queues = openQueues(
      { redisUrl: inject("redisUrl"), prefix: randomUUID() },
      { store: storage },
    );
    await use(queues);
  },
  ground: async ({ storage, queues }, use) => use({ storage, queues, log: pino({ level: "silent" }) }),
});

const waiting = (queues: Queues) => queues.of.maintenance.getWaiting();
const daysAgo = (days: number) => new Date(Date.now() - days * 24 * HOUR_MS);

async function startAndStop(ground: Ground & { log: Logger }, schedule: Schedule) {
  await using _clock = await startClock(ground, [schedule]);
}

describe("a scheduler that starts", () => {
  test("makes up for the last of several missed slots, once however often it starts", async ({
    ground,
    queues,
    storage,
  }) => {
    await writeLastFire(storage, "daily", { slot: daysAgo(5).toISOString(), jobId: "before" });
    await startAndStop(ground, daily);
    await startAndStop(ground, daily);

    const jobs = await waiting(queues);
    expect(jobs).toHaveLength(1);
    const due = lastSlot(daily, new Date());
    expect(await readLastFire(storage, "daily")).toEqual({ slot: due?.toISOString(), jobId: jobs[0]?.id });
  });

  test("makes it up once also when all of Redis was lost in between", async ({ ground, queues, storage }) => {
    await writeLastFire(storage, "daily", { slot: daysAgo(5).toISOString(), jobId: "before" });
    await startAndStop(ground, daily);
    for (const job of await waiting(queues)) await job.remove();
    await startAndStop(ground, daily);

    expect(await waiting(queues)).toHaveLength(0);
  });

  test("makes up for nothing where the schedule says so, is off, or was never there before", async ({
    ground,
    queues,
    storage,
  }) => {
    await startAndStop(ground, daily);
    expect(await waiting(queues)).toHaveLength(0);

    await writeLastFire(storage, "daily", { slot: daysAgo(5).toISOString(), jobId: "before" });
    await startAndStop(ground, forgiving);
    await startAndStop(ground, { ...daily, enabled: false });
    expect(await waiting(queues)).toHaveLength(0);
  });

  test("does not make up for what was missed while the schedule was off", async ({
    ground,
    queues,
    storage,
  }) => {
    await writeLastFire(storage, "daily", { slot: daysAgo(5).toISOString(), jobId: "before" });
    await writeSwitch(storage, "daily", true, new Date());
    await startAndStop(ground, daily);

    expect(await waiting(queues)).toHaveLength(0);
  });
});

describe("a scheduler that runs", () => {
  test("is heard of until it stops", async ({ queues }) => {
    const heartbeat = await startHeartbeat(queues, { host: "here", pid: 1, schedules: 3 });
    expect(await schedulerHeard(queues, "here")).toBe(true);
    expect(await schedulerHeard(queues, "there")).toBe(false);

    await heartbeat[Symbol.asyncDispose]();
    expect(await schedulerHeard(queues, "here")).toBe(false);
  });
});

describe("a schedule", () => {
  test("that is switched off fires no more in schedulers that run, until it is switched on", async ({
    ground,
    queues,
    storage,
  }) => {
    await switchSchedule(storage, everySecond, false);
    await using clock = await startClock(ground, [everySecond]);
    const beats = new Set<number>();
    await vi.waitUntil(() => beats.add(Math.floor(Date.now() / 1_000)).size > 3, { timeout: 60_000 });
    expect(await waiting(queues)).toHaveLength(0);

    await switchSchedule(storage, everySecond, true);
    await vi.waitUntil(() => clock.firedAt.has("every-second"), { timeout: 60_000 });
    expect(await waiting(queues)).toHaveLength(1);
  });

  test("tells when it last ran and when it will, and nothing of the future while it is off", async ({
    storage,
  }) => {
    await writeLastFire(storage, "daily", { slot: "2026-01-01T00:00:00.000Z", jobId: "tick.1" });
    const on_ = await stateOf(storage, daily);
    expect(on_).toMatchObject({ enabled: true, last: { slot: "2026-01-01T00:00:00.000Z", jobId: "tick.1" } });
    expect(Date.parse(on_.next ?? "")).toBeGreaterThan(Date.now());

    expect(await switchSchedule(storage, daily, false)).toMatchObject({ enabled: false, next: null });
  });

  test("runs now without a word to its clock", async ({ ground, storage, queues }) => {
    await runNow(ground, daily);
    expect(await waiting(queues)).toHaveLength(1);
    expect(await readLastFire(storage, "daily")).toBeUndefined();
  });

  test("that is not there is answered with the names of those that are", () => {
    expect(() => scheduleNamed([daily], "weekly")).toThrow(/no schedule weekly; there are daily/);
  });
});
