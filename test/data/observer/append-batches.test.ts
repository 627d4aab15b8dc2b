import { describe, expect } from "vitest";
import { z } from "zod";
import type { Lake } from "../../../data/lake.ts";
import { appendOldest } from "../../../data/observer/append-batches.ts";
import { backlogOf, INBOX, Inbox } from "../../../data/observer/inbox.ts";
import { readEventLines } from "../../../data/observer/read-events.ts";
import { repetitionsOf } from "../../../data/observer/repetitions.ts";
import { test } from "../../support/test.ts";

const event = (id: string, more: object = {}) =>
  JSON.stringify({ id, source: "scenario", event_kind: "fill", success: true, ...more });

async function send(lake: Lake, ...lines: string[]): Promise<void> {
  const read = await readEventLines(lines.join("\n"));
  await new Inbox(lake.storage).store(read.lines);
}

async function drain(lake: Lake) {
  const sum = { events: 0, duplicates: 0, conflicting: 0 };
  for (;;) {
    const appended = await appendOldest(lake);
    if (!appended) return sum;
    sum.events += appended.events;
    sum.duplicates += appended.duplicates;
    sum.conflicting += appended.conflicting;
  }
}

async function rows<Row>(lake: Lake, row: z.ZodType<Row>, list: string): Promise<Row[]> {
  const events = await (await lake.table("observer.events").snapshot()).readSql();
  return (await lake.duckdb()).query(row, `select ${list} from (${events}) order by id`);
}

describe("events that were stored", () => {
  test("are in the table once, and their batches gone", async ({ lake }) => {
    await send(lake, event("a"), event("b"));
    await send(lake, event("c"));

    expect(await drain(lake)).toEqual({ events: 3, duplicates: 0, conflicting: 0 });
    expect((await rows(lake, z.object({ id: z.string() }), "id")).map(({ id }) => id)).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(await backlogOf(lake.storage)).toMatchObject({ files: 0, bytes: 0 });
  });

  test("are there once when a run died between its commit and the deletion of its batches", async ({
    lake,
  }) => {
    await send(lake, event("a"), event("b"));
    const batches: [string, Buffer][] = [];
    for await (const { key } of lake.storage.list(INBOX)) batches.push([key, await lake.storage.get(key)]);
    await drain(lake);
    for (const [key, body] of batches) await lake.storage.put(key, body);

    expect(await drain(lake)).toEqual({ events: 0, duplicates: 0, conflicting: 0 });
    expect(await rows(lake, z.object({ id: z.string() }), "id")).toHaveLength(2);
  });

  test("are there once when several runs take them at the same time", async ({ lake }) => {
    for (let batch = 0; batch < 6; batch += 1)
      await send(lake, ...Array.from({ length: 20 }, (_, at) => event(`${batch}-${at}`)));

    await Promise.all([drain(lake), drain(lake), drain(lake)]);

    const ids = (await rows(lake, z.object({ id: z.string() }), "id")).map(({ id }) => id);
    expect(ids).toHaveLength(120);
    expect(new Set(ids).size).toBe(120);
  });

  test("would be there twice without the number of the commit and the look at known ids", async ({
    lake,
  }) => {
    await send(lake, event("a"));
    await drain(lake);
    const table = lake.table("observer.events");
    const again = await (await table.snapshot()).readSql();

    await table.append({ sql: again });

    expect(await rows(lake, z.object({ id: z.string() }), "id")).toHaveLength(2);
  });
});

test("a batch that is no JSON is set aside, and those around it are taken", async ({ lake }) => {
  await send(lake, event("a"));
  await lake.storage.put(`${INBOX}99999999999998-000000-x.ndjson`, '{"id": "torn');
  await lake.storage.put(`${INBOX}99999999999999-000000-x.ndjson`, `${event("z")}\n`);

  expect(await drain(lake)).toMatchObject({ events: 2 });
  expect(await lake.storage.stat("_observer/unreadable/99999999999998-000000-x.ndjson")).toBeDefined();
  expect(await backlogOf(lake.storage)).toMatchObject({ files: 0 });
});

describe("events that say no time", () => {
  test("happened in the order of their body, and after those of the body before it", async ({ lake }) => {
    const inbox = new Inbox(lake.storage);
    const bodies = [3_000, 3, 3].map((size, body) =>
      // Their ids sort the other way round.
      Array.from({ length: size }, (_, at) => event(`${9 - body}-${9_999 - at}`)),
    );
    for (const body of bodies) {
      const read = await readEventLines(body.join("\n"));
      await inbox.store(read.lines);
    }
    await drain(lake);

    const found = await rows(
      lake,
      z.object({ id: z.string(), us: z.bigint(), same: z.boolean() }),
      "id, epoch_us(happened_at) as us, happened_at = received_at as same",
    );
    const inOrder = [...found].sort((a, b) => Number(a.us - b.us)).map(({ id }) => id);
    expect(inOrder).toEqual(bodies.flat().map((text) => JSON.parse(text).id));
    expect(new Set(found.map(({ us }) => us)).size).toBe(3_006);
    expect(found.every(({ same }) => same)).toBe(true);
  });
});

describe("an id that comes again", () => {
  test("changes nothing; with other content it is counted and listed beside the batch that was kept", async ({
    lake,
  }) => {
    await send(lake, event("a", { duration_ms: 1 }), event("b"));
    await drain(lake);
    await send(lake, event("a", { duration_ms: 2 }), event("b"), event("c"));

    expect(await drain(lake)).toEqual({ events: 1, duplicates: 1, conflicting: 1 });
    expect(
      await rows(lake, z.object({ id: z.string(), duration_ms: z.number().nullable() }), "id, duration_ms"),
    ).toEqual([
      { id: "a", duration_ms: 1 },
      { id: "b", duration_ms: null },
      { id: "c", duration_ms: null },
    ]);
    const conflicts = await (await lake.table("observer.conflicts").snapshot()).readSql();
    expect(
      await (await lake.duckdb()).query(z.object({ id: z.string() }), `select id from (${conflicts})`),
    ).toEqual([{ id: "a" }]);
  });

  test("is added to the totals once, also when its batch is taken twice", async ({ lake }) => {
    expect(await repetitionsOf(lake)).toEqual({ duplicates: 0, conflicting: 0 });
    await send(lake, event("a"), event("b"), event("c"));
    await drain(lake);
    await send(lake, event("a"), event("b"), event("c", { city: "other" }));
    const batches: [string, Buffer][] = [];
    for await (const { key } of lake.storage.list(INBOX)) batches.push([key, await lake.storage.get(key)]);
    await drain(lake);
    for (const [key, body] of batches) await lake.storage.put(key, body);
    await drain(lake);
    expect(await repetitionsOf(lake)).toEqual({ duplicates: 2, conflicting: 1 });

    await send(lake, event("a"));
    await drain(lake);

    expect(await repetitionsOf(lake)).toEqual({ duplicates: 3, conflicting: 1 });
  });

  test("in two batches that are taken together is kept as it came first", async ({ lake }) => {
    await send(lake, event("a", { city: "first" }));
    await send(lake, event("a", { city: "second" }));

    expect(await drain(lake)).toEqual({ events: 1, duplicates: 0, conflicting: 1 });
    expect(await rows(lake, z.object({ city: z.string() }), "city, id")).toMatchObject([{ city: "first" }]);
  });
});

test("events from clocks that run ahead or behind are taken and marked", async ({ lake }) => {
  const hour = 3_600_000;
  await send(
    lake,
    event("ahead", { timestamp: Date.now() + hour }),
    event("late", { timestamp: new Date(Date.now() - hour).toISOString() }),
    event("timely", { timestamp: Date.now() }),
  );
  await drain(lake);

  expect(await rows(lake, z.object({ id: z.string(), mark: z.string().nullable() }), "id, mark")).toEqual([
    { id: "ahead", mark: "ahead" },
    { id: "late", mark: "late" },
    { id: "timely", mark: null },
  ]);
});

test("errors are grouped by what stays when ids, numbers, paths and quoted text are folded", async ({
  lake,
}) => {
  const failed = (id: string, error: string) => event(id, { success: false, error });
  await send(
    lake,
    failed("1", "Could not read '/data/a/17.json' of ref:0a1b2c3d4e after 30 ms"),
    failed("2", "Could not read '/other/b.json' of ref:ffffffffff after 9000 ms"),
    failed("3", "connect ECONNREFUSED 127.0.0.1:6379"),
    failed("4", "connect ECONNREFUSED 10.0.0.7:6380"),
    failed("5", "job gold-build.9fk2m1x0.m1z failed at https://example.org/a?b=1"),
  );
  await drain(lake);

  const found = await rows(
    lake,
    z.object({ error_pattern: z.string(), error_group: z.string() }),
    "error_pattern, error_group, id",
  );
  expect(found.map(({ error_pattern }) => error_pattern)).toEqual([
    "Could not read <text> of <id> after # ms",
    "Could not read <text> of <id> after # ms",
    "connect ECONNREFUSED #",
    "connect ECONNREFUSED #",
    "job gold-build.<id>.<id> failed at <url>",
  ]);
  expect(new Set(found.map(({ error_group }) => error_group)).size).toBe(3);
});
