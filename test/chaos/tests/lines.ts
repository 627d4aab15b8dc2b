import { setTimeout as pause } from "node:timers/promises";
import { Queue } from "bullmq";
import { enqueue } from "../../../queues/enqueue.ts";
import { connect, openQueues } from "../../../queues/queues.ts";
import { Batch } from "../batch.ts";
import type { ChaosTest } from "../chaos-test.ts";
import { Cluster } from "../cluster.ts";
import { SpoiledLine } from "../spoiled-line.ts";
import { batchesOf } from "./batches.ts";

export const lostReplies: ChaosTest = {
  number: 7,
  title: "Redis does what it was asked, and its answer is lost",
  short: true,
  async run({ size }) {
    const count = size === "full" ? 500 : 60;
    await using cluster = await Cluster.start();
    await using proxy = await SpoiledLine.start(cluster.redis.url);
    await using producer = openQueues(
      { ...cluster.queues.address, redisUrl: proxy.url },
      { store: cluster.lake.storage },
    );
    await producer.redis.ping().catch(() => undefined);
    for (let batch = 0; batch < count; batch += 1) {
      proxy.cutAfterNext = batch % 3 === 0;
      await untilAccepted(() =>
        enqueue(producer, cluster.kinds.batchJob, Batch.parse({ batch }), { requestId: `request-${batch}` }),
      );
      cluster.accept([batch]);
    }
    const jobs = await cluster.open();
    await using _crew = await cluster.crew(2);
    const verdict = await cluster.judge(await cluster.quiet());
    return {
      fault: `${count} requests, ${proxy.cuts} answers lost`,
      verdict,
      checks: [{ says: `one job each (${jobs})`, holds: jobs === count && proxy.cuts > count / 6 }],
    };
  },
  async control() {
    await using cluster = await Cluster.start();
    await using proxy = await SpoiledLine.start(cluster.redis.url);
    const connection = connect({ redisUrl: proxy.url, prefix: "bare" }, "worker");
    const queue = new Queue("bare", { connection, prefix: "bare" });
    for (let n = 0; n < 20; n += 1) {
      proxy.cutAfterNext = n % 2 === 0;
      await queue.add("bare", { n });
    }
    const jobs = await queue.getWaitingCount();
    await queue.close();
    connection.disconnect();
    return { says: `Without ids of their own 20 requests made ${jobs} jobs`, holds: jobs > 20 };
  },
};

/** As a caller does that was told no: it asks again, by the same name. */
async function untilAccepted(ask: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await ask();
      return;
    } catch (error) {
      if (attempt > 40) throw error;
      await pause(50);
    }
  }
}

export const partition: ChaosTest = {
  number: 8,
  title: "A worker is cut off from Redis, and its line is slow before and after",
  short: false,
  async run({ size }) {
    const cutMs = size === "full" ? 60_000 : 6_000;
    const lockMs = 2_000;
    await using cluster = await Cluster.start({ lockMs, stalledCheckMs: 500 });
    await using proxy = await SpoiledLine.start(cluster.redis.url);
    proxy.delayMs = 200;
    await using _far = await cluster.worker({ redisUrl: proxy.url });
    // Under way when the line is cut, and within what its kind may take when another does it.
    await cluster.ask([{ batch: 0, takesMs: 12_000 }]);
    await cluster.until((history) => history.some(({ batch }) => batch === 0));
    await using _near = await cluster.worker();
    await cluster.ask(batchesOf(size === "full" ? 500 : 60, { takesMs: 50 }, 1));
    const cutAt = Date.now();
    proxy.dropping = true;
    await pause(cutMs);
    proxy.dropping = false;
    proxy.breakAll();
    const verdict = await cluster.judge(await cluster.quiet(3 * cutMs + 60_000));
    const told = (await cluster.history()).find(({ what, at }) => what === "told lock-lost" && at > cutAt);
    const afterMs = told ? told.at - cutAt : Number.POSITIVE_INFINITY;
    return {
      fault: `nothing passes for ${cutMs / 1_000} s, 200 ms of delay otherwise`,
      verdict,
      checks: [
        {
          says: `the job that was cut off is told (after ${Math.round(afterMs)} ms with a lock of ${lockMs} ms)`,
          holds: afterMs <= lockMs + 2_000,
        },
      ],
    };
  },
  async control() {
    await using cluster = await Cluster.start({ lockMs: 1_000, stalledCheckMs: 250 });
    await using proxy = await SpoiledLine.start(cluster.redis.url);
    await using far = await cluster.worker({ redisUrl: proxy.url });
    await cluster.ask([{ batch: 0, guarded: false, ignoresSignal: true, takesMs: 4_000 }]);
    await cluster.until((history) => history.length > 0);
    proxy.dropping = true;
    await using _near = await cluster.worker();
    const pid = far.process.pid;
    await cluster.until(
      (history) => history.some((entry) => entry.pid === pid && entry.what === "committed"),
      20_000,
    );
    const { doubled } = await cluster.judge(await cluster.quiet());
    return { says: "Without its key, both sides of the cut commit the batch", holds: doubled === 1 };
  },
};
