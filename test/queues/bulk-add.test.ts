import { describe, expect } from "vitest";
import { bulkAdd } from "../../queues/bulk-add.ts";
import type { IntakeRecord } from "../../queues/intake-line.ts";
import { workOf } from "../../queues/job-id.ts";
import { findJob } from "../../queues/jobs.ts";
import type { Queues } from "../../queues/queues.ts";
import { jobOptions } from "../../queues/retention.ts";
import { test } from "../support/test.ts";

const pool = "observer";
const at = Date.now();

function record(work: string, request: string, more: Partial<IntakeRecord> = {}): IntakeRecord {
  const id = `errand.${work.padEnd(12, "0")}.${request}`;
  return {
    id,
    kind: "errand",
    pool,
    inputJson: '{"part":1.5,"name":"Zoë"}',
    attempts: 3,
    backoffMs: 50,
    at,
    ...more,
  };
}

/** The ids under which the records are queued. */
async function add(queues: Queues, records: readonly IntakeRecord[]): Promise<string[]> {
  const met = await bulkAdd(queues.of[pool], queues.redis, records);
  const standIns = new Map(met.map(([position, standIn]) => [position, standIn]));
  return records.map(({ id }, position) => standIns.get(position) || id);
}

/** Everything that Redis has of a job; BullMQ leaves open in which order the options are written. */
async function stored({ redis, of }: Queues, id: string) {
  const { opts = "", ...fields } = await redis.hgetall(of[pool].toKey(id));
  return { ...fields, opts: JSON.parse(opts) as unknown };
}

describe("what many records leave in Redis", () => {
  test("is what BullMQ's own add leaves", async ({ queues }) => {
    const queue = queues.of[pool];
    const records = [
      record("first", "one"),
      record("second", "one", { kind: "other", attempts: 7, backoffMs: 1_000 }),
      record("third", "one", { id: "of-another-shape" }),
    ];

    expect(await add(queues, records)).toEqual(records.map(({ id }) => id));
    const ours = await Promise.all(records.map(({ id }) => stored(queues, id)));
    const keys = (await queues.redis.keys(queue.toKey("*"))).sort();
    const events = await eventsOf(queues);
    await queue.obliterate();
    for (const { id, kind, inputJson, at, ...policy } of records) {
      const input: unknown = JSON.parse(inputJson);
      const work = workOf(id);
      const deduplication = work ? { deduplication: { id: work, keepLastIfActive: true } } : {};
      await queue.add(kind, { input }, { ...jobOptions(policy), jobId: id, timestamp: at, ...deduplication });
    }

    expect(ours).toEqual(await Promise.all(records.map(({ id }) => stored(queues, id))));
    expect(keys).toEqual((await queues.redis.keys(queue.toKey("*"))).sort());
    expect(events).toEqual(await eventsOf(queues));
  });

  test("is in the order of the records", async ({ queues }) => {
    const records = Array.from({ length: 50 }, (_, n) => record(`work${10 + n}`, "one"));

    await add(queues, records);

    const waiting = await queues.of[pool].getWaiting();
    expect(waiting.map(({ id }) => id)).toEqual(records.map(({ id }) => id));
  });
});

/** The job has begun, and is where begun jobs are or wait. */
async function begin({ redis, of }: Queues, id: string, state: "active" | "waiting-children" | "delayed") {
  const key = (name: string) => of[pool].toKey(name);
  await redis.lrem(key("wait"), 1, id);
  await redis.hset(key(id), "processedOn", Date.now());
  if (state === "active") await redis.lpush(key("active"), id);
  else await redis.zadd(key(state), Date.now() + 60_000, id);
}

describe("records of one work", () => {
  test.for(["active", "waiting-children", "delayed"] as const)(
    "are kept to follow a job that has begun and is %s, the first of those that say the same",
    async (state, { queues }) => {
      const [first, second, third] = [record("same", "one"), record("same", "two"), record("same", "three")];
      await add(queues, [first]);
      await begin(queues, first.id, state);

      expect(await add(queues, [second, third])).toEqual([second.id, second.id]);
      expect(await add(queues, [second])).toEqual([second.id]);
      expect(await findJob(queues, second.id)).toMatchObject({ state: "waiting" });
    },
  );

  test("of which a later one says something else: it is kept in the other's place", async ({ queues }) => {
    const [first, second] = [record("same", "one"), record("same", "two")];
    const other = record("same", "three", { inputJson: '{"part":2}' });
    await add(queues, [first]);
    await begin(queues, first.id, "waiting-children");

    expect(await bulkAdd(queues.of[pool], queues.redis, [second, other])).toEqual([[1, "", second.id]]);
    expect(await findJob(queues, other.id)).toMatchObject({ state: "waiting", input: { part: 2 } });
  });

  test("are the job that waits, also within one command", async ({ queues }) => {
    const [first, second, other] = [record("same", "one"), record("same", "two"), record("other", "one")];

    expect(await add(queues, [first, second, other])).toEqual([first.id, first.id, other.id]);
    expect(await add(queues, [second, first])).toEqual([first.id, first.id]);
    expect(await queues.of[pool].getWaitingCount()).toBe(2);
  });
});

test("a Redis that has forgotten its scripts is told them again", async ({ queues }) => {
  await add(queues, [record("first", "one")]);
  await queues.redis.script("FLUSH");

  await add(queues, [record("second", "one")]);

  expect(await queues.of[pool].getWaitingCount()).toBe(2);
});

async function eventsOf({ redis, of }: Queues) {
  return (await redis.xrange(of[pool].toKey("events"), "-", "+")).map(([, fields]) => fields);
}
