import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { z } from "zod";
import { inboxOf } from "../../../data/observer/inbox.ts";
import { readEventValues } from "../../../data/observer/read-events.ts";
import { Nudge } from "../../../queues/nudge.ts";
import { openQueues } from "../../../queues/queues.ts";
import { observerAppend } from "../../../workers/observer/observer-append/job.ts";
import { startPool } from "../../../workers/pool.ts";
import { kindsOf } from "../../support/kinds.ts";
import { OwnRedis } from "../../support/own-redis.ts";
import { test } from "../../support/test.ts";

const event = (id: string) => ({ id, source: "scenario", event_kind: "fill", success: true });

test("events that come while Redis is away are in the table when it is back, each once", async ({
  dir,
  lake,
  services,
}) => {
  await using redis = await OwnRedis.start(dir);
  const address = { redisUrl: redis.url, prefix: randomUUID() };
  await using producer = openQueues(address, { store: lake.storage });
  await using queues = openQueues(address, { role: "worker", store: lake.storage });
  await using _pool = await startPool(
    { ...services, queues },
    { pools: ["observer"], jobOf: kindsOf(observerAppend) },
  );
  const nudge = new Nudge(producer, observerAppend, {});
  const send = async (...ids: string[]) => {
    await inboxOf(lake.storage).store((await readEventValues(ids.map(event))).lines);
    nudge.soon();
  };
  const ids = async () => {
    const table = lake.table("observer.events");
    if (!(await table.exists())) return [];
    const rows = await (await table.snapshot()).readSql({ columns: ["id"] });
    return (await (await lake.duckdb()).query(z.object({ id: z.string() }), `${rows} order by id`)).map(
      ({ id }) => id,
    );
  };

  await send("a");
  await expect.poll(ids).toEqual(["a"]);
  await redis.kill();
  await send("b", "c");
  await send("a", "d");
  expect(await ids()).toEqual(["a"]);
  await redis.start();

  await expect.poll(ids).toEqual(["a", "b", "c", "d"]);
});
