import { describe, expect } from "vitest";
import { z } from "zod";
import { appendOldest } from "../../data/observer/append-batches.ts";
import { eventLimits } from "../../data/observer/event.ts";
import { backlogOf, Inbox, inboxLimits } from "../../data/observer/inbox.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { freePort } from "../../queues/redis/server.ts";
import { test } from "./api.ts";

const good = { source: "scenario", event_kind: "fill", success: true };
const lines = { "content-type": "application/x-ndjson" };

const stored = (dir: string) => openFolder(`${dir}/lake`);

describe("POST /observer/events", () => {
  test("takes the good lines, names the bad ones and asks for one job to append them", async ({
    serve,
    queues,
    dir,
  }) => {
    const api = await serve();

    const response = await api.post(
      "/observer/events",
      `${JSON.stringify(good)}\n{\n${JSON.stringify(good)}`,
      lines,
    );

    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({
      accepted: 2,
      duplicates: 0,
      conflicting: 0,
      rejected: 1,
      errors: [{ line: 2, message: "it is not JSON" }],
    });
    expect(await backlogOf(stored(dir))).toMatchObject({ files: 1 });
    await expect.poll(() => queues.of.observer.getJobCountByTypes("waiting")).toBe(1);
  });

  test("takes one event and a list as JSON, and refuses a body in which no event is good", async ({
    serve,
  }) => {
    const api = await serve();

    expect((await api.post("/observer/events", good)).status).toBe(202);
    expect((await api.post("/observer/events", [good, good])).status).toBe(202);
    const refused = await api.post("/observer/events", [{ ...good, success: 1 }]);
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({ errors: [{ in: "body", path: "/1" }] });
    const single = await api.post("/observer/events", { foo: 1 });
    expect(single.status).toBe(422);
    const missing = "source is required; event_kind is required; success is required; foo: not known";
    expect(await single.json()).toMatchObject({
      detail: expect.stringContaining(`body: ${missing}`),
      errors: [{ in: "body", path: "", message: expect.stringContaining(missing) }],
    });
    expect((await api.post("/observer/events", "[]")).status).toBe(422);
    expect((await api.post("/observer/events", "{")).status).toBe(400);
    expect((await api.post("/observer/events", "a,b", { "content-type": "text/csv" })).status).toBe(415);
  });

  test("keeps a burst of 100,000 events in few files and gives the table each once", async ({
    serve,
    dir,
  }) => {
    const api = await serve();
    const bodies = Array.from({ length: 20 }, (_, body) =>
      Array.from({ length: eventLimits.events }, (_, at) =>
        JSON.stringify({ ...good, id: `${body}-${at}` }),
      ).join("\n"),
    );

    const replies = await Promise.all(bodies.map((body) => api.post("/observer/events", body, lines)));

    expect(replies.map(({ status }) => status)).toEqual(bodies.map(() => 202));
    expect((await backlogOf(stored(dir))).files).toBeLessThanOrEqual(20);
    await using lake = await openLake({
      storage: stored(dir),
      duckdb: { memoryBytes: 512 * 1024 ** 2, threads: 2, tempDir: dir },
    });
    while (await appendOldest(lake));
    const events = await (await lake.table("observer.events").snapshot()).readSql();
    const counted = await (await lake.duckdb()).query(
      z.object({ rows: z.bigint(), ids: z.bigint() }),
      `select count(*) as rows, count(distinct id) as ids from (${events})`,
    );
    expect(counted).toEqual([{ rows: 100_000n, ids: 100_000n }]);
  });

  test("goes on while Redis is away: the events wait on disk, in order", async ({ serve, dir }) => {
    const api = await serve({ redisUrl: `redis://127.0.0.1:${await freePort()}` });

    expect((await api.post("/jobs", { jobs: [] })).status).toBe(503);
    for (const id of ["a", "b"])
      expect((await api.post("/observer/events", { ...good, id })).status).toBe(202);

    const texts: string[] = [];
    const storage = stored(dir);
    for await (const { key } of storage.list("_observer/inbox/")) texts.push(String(await storage.get(key)));
    expect(texts.join("")).toMatch(/"id":"a".*\n.*"id":"b"/);
  });
});

test("an inbox that holds more than it may says so, and takes events again when it has drained", async ({
  dir,
}) => {
  const storage = stored(dir);
  const counting = { ...storage, list: () => manyBatches(inboxLimits.files + 1) };

  expect(await new Inbox(counting).full()).toMatch(/20001 batches of events/);
  expect(await new Inbox(storage).full()).toBeUndefined();
});

async function* manyBatches(count: number) {
  for (let at = 0; at < count; at += 1)
    yield {
      key: `_observer/inbox/00000000000001-000000-${at}.ndjson`,
      sizeBytes: 1,
      modifiedAt: new Date(1),
    };
}
