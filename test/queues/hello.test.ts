import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { expect, vi } from "vitest";
import { openQueues } from "../../queues/queues.ts";
import { OwnRedis } from "../support/own-redis.ts";
import { test } from "../support/test.ts";

test("a queue first asked for while Redis hangs serves when Redis is back", async ({ dir }) => {
  await using redis = await OwnRedis.start(dir);
  await using queues = openQueues({ redisUrl: redis.url, prefix: randomUUID() });
  if (queues.redis.status !== "ready") await once(queues.redis, "ready");

  redis.signal("SIGSTOP");
  await expect(queues.of.maintenance.getWaitingCount()).rejects.toThrow();
  redis.signal("SIGCONT");

  await vi.waitUntil(
    () =>
      queues.of.maintenance.getWaitingCount().then(
        () => true,
        () => false,
      ),
    { timeout: 60_000 },
  );
});
