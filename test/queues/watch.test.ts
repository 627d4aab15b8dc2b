import { expect } from "vitest";
import { enqueue } from "../../queues/enqueue.ts";
import { RedisUnavailableError } from "../../queues/errors.ts";
import { findJob } from "../../queues/jobs.ts";
import { openQueues } from "../../queues/queues.ts";
import { untilEnded } from "../../queues/watch.ts";
import { reconcile } from "../../workers/maintenance/reconcile/job.ts";
import { OwnRedis } from "../support/own-redis.ts";
import { test } from "../support/test.ts";

test("who watches a job goes on watching when Redis has been silent for a while", async ({ dir }) => {
  await using redis = await OwnRedis.start(dir);
  await using queues = openQueues({ redisUrl: redis.url, prefix: "watch" });
  const { id } = await enqueue(queues, reconcile, {});
  const ended = untilEnded(queues, id);

  redis.signal("SIGSTOP");
  // The control: whoever asks once is told that it is away.
  await expect(findJob(queues, id)).rejects.toThrow(RedisUnavailableError);
  await expect(findJob(queues, id)).rejects.toThrow(RedisUnavailableError);
  redis.signal("SIGCONT");
  await expect.poll(() => endBadly(queues, id).catch(() => false)).toBe(true);

  expect((await ended).state).toBe("failed");
});

async function endBadly(queues: ReturnType<typeof openQueues>, id: string): Promise<boolean> {
  const queue = queues.of.maintenance;
  const waiting = await queue.toKey("wait");
  await queues.redis
    .multi()
    .lrem(waiting, 1, id)
    .zadd(queue.toKey("failed"), Date.now(), id)
    .hset(queue.toKey(id), "finishedOn", Date.now(), "failedReason", "ended by hand")
    .exec();
  return true;
}
