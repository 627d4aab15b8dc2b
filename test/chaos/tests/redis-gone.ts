import { setTimeout as pause } from "node:timers/promises";
import { enqueue } from "../../../queues/enqueue.ts";
import { openQueues } from "../../../queues/queues.ts";
import { Batch } from "../batch.ts";
import type { ChaosTest } from "../chaos-test.ts";
import { Cluster } from "../cluster.ts";
import { batchesOf, numbersOf } from "./batches.ts";

export const redisKilled: ChaosTest = {
  number: 5,
  title: "Redis is killed in the middle of the work and comes back with its file",
  short: true,
  async run({ size }) {
    const outages = size === "full" ? [8_000, 15_000, 30_000] : [8_000];
    const count = size === "full" ? 3_000 : 200;
    await using cluster = await Cluster.start();
    await using crew = await cluster.crew(2);
    const resumed: number[] = [];
    await cluster.ask(batchesOf(count, { takesMs: 10 }));
    for (const outageMs of outages) {
      const before = (await cluster.history()).length;
      await cluster.until((history) => history.length > before + 20);
      await cluster.redis.kill();
      await pause(outageMs);
      const back = Date.now();
      await cluster.redis.start();
      await cluster.until((history) => history.some(({ at, what }) => what === "start" && at > back), 30_000);
      resumed.push(Date.now() - back);
    }
    const verdict = await cluster.judge(await cluster.quiet(240_000));
    const slowest = Math.max(...resumed);
    const starts = (await cluster.history()).filter(({ what }) => what === "start").length;
    return {
      fault: `${count} jobs, outages of ${outages.map((ms) => `${ms / 1_000} s`).join(", ")}; ${starts - count} jobs ran twice`,
      verdict,
      checks: [
        { says: `work goes on within 10 s (${slowest} ms at most)`, holds: slowest <= 10_000 },
        { says: "no worker had to be started again", holds: crew.deaths === 0 },
      ],
    };
  },
  async control() {
    await using cluster = await Cluster.start({ withoutRecord: true, redisSettings: ["--appendonly", "no"] });
    const jobs = batchesOf(20);
    await cluster.ask(jobs);
    await cluster.redis.kill();
    await cluster.redis.start();
    await using _worker = await cluster.worker();
    const { lost } = await cluster.judge(await cluster.quiet());
    return {
      says: `Without a file and without a record ${lost} of ${jobs.length} are lost`,
      holds: lost === jobs.length,
    };
  },
};

export const redisEmptied: ChaosTest = {
  number: 6,
  title: "All that Redis holds is deleted in the middle of the work",
  short: false,
  async run({ size }) {
    const count = size === "full" ? 1_000 : 150;
    await using cluster = await Cluster.start();
    await using _crew = await cluster.crew(2);
    await cluster.ask(batchesOf(count, { takesMs: 10 }));
    const flow = { name: "flow", from: count, parts: 20, takesMs: 50 };
    await enqueue(cluster.queues, cluster.kinds.flow, flow);
    cluster.accept(numbersOf(20, count));
    await cluster.until((history) => history.length > count / 4);
    await cluster.queues.redis.flushall();
    const emptied = Date.now();
    // As the schedule does each minute; what is younger than five seconds may be on its way and is left.
    await pause(6_000);
    await cluster.reconcile();
    let open = await cluster.quiet();
    await cluster.reconcile();
    open = await cluster.quiet();
    const verdict = await cluster.judge(open);
    const seconds = (Date.now() - emptied) / 1_000;
    return {
      fault: `FLUSHALL among ${count} batches and a flow of 20 parts`,
      verdict,
      checks: [
        { says: `all is made good within two minutes (${Math.round(seconds)} s)`, holds: seconds < 120 },
      ],
    };
  },
  async control() {
    await using cluster = await Cluster.start({ withoutRecord: true });
    await cluster.ask(batchesOf(50));
    await cluster.queues.redis.flushall();
    await using _worker = await cluster.worker();
    await cluster.reconcile();
    const { lost } = await cluster.judge(await cluster.quiet());
    return { says: `Without the record of what was accepted ${lost} of 50 are lost`, holds: lost === 50 };
  },
};

export const redisFull: ChaosTest = {
  number: 13,
  title: "Redis runs out of memory",
  short: false,
  async run({ size }) {
    const maxmemory = size === "full" ? "6mb" : "2mb";
    await using cluster = await Cluster.start({
      redisSettings: ["--maxmemory", maxmemory, "--maxmemory-policy", "noeviction"],
    });
    await using producer = openQueues(cluster.queues.address, { store: cluster.lake.storage });
    const { accepted, refused } = await fill(cluster, producer);
    await cluster.queues.redis.config("SET", "maxmemory", "0");
    await using _crew = await cluster.crew(2, { concurrency: 16 });
    const verdict = await cluster.judge(await cluster.quiet(240_000));
    return {
      fault: `maxmemory ${maxmemory}; ${accepted} jobs accepted, ${refused} refused`,
      verdict,
      checks: [{ says: "producers are told", holds: refused > 0 && accepted > 0 }],
    };
  },
  async control() {
    await using cluster = await Cluster.start();
    await using producer = openQueues(cluster.queues.address, { store: cluster.lake.storage });
    const { accepted, refused } = await fill(cluster, producer, 500);
    return {
      says: `A Redis with room refuses none of ${accepted}`,
      holds: refused === 0 && accepted === 500,
    };
  },
};

async function fill(cluster: Cluster, producer: Parameters<typeof enqueue>[0], most = 8_000) {
  let accepted = 0;
  let refused = 0;
  for (let batch = 0; batch < most && refused < 20; batch += 1) {
    try {
      await enqueue(producer, cluster.kinds.batchJob, Batch.parse({ batch }));
      cluster.accept([batch]);
      accepted += 1;
    } catch {
      refused += 1;
    }
  }
  return { accepted, refused };
}
