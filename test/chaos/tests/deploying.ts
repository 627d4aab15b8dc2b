import { setTimeout as pause } from "node:timers/promises";
import { Queue, Worker } from "bullmq";
import { measureThreeSchedulers } from "../../../bench/api/three-schedulers.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { connect } from "../../../queues/queues.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { Batch } from "../batch.ts";
import type { ChaosTest } from "../chaos-test.ts";
import { Cluster } from "../cluster.ts";
import { batchesOf, numbersOf } from "./batches.ts";

export const schedulers: ChaosTest = {
  number: 15,
  title: "Three schedulers fire each second, and one is killed every 20 s",
  short: false,
  async run({ size }) {
    const slots = size === "full" ? 600 : 30;
    const counts = await measureThreeSchedulers({ slots, killEveryS: size === "full" ? 20 : 8 });
    return {
      fault: `${counts.slots} slots, ${counts.killed} schedulers killed`,
      checks: [
        { says: `no slot twice (${counts.twice})`, holds: counts.twice === 0 },
        { says: `no slot missed (${counts.missing})`, holds: counts.missing === 0 },
      ],
    };
  },
  async control() {
    await using cluster = await Cluster.start();
    const batch = Batch.parse({ batch: 0, takesMs: 300 });
    await using _worker = await cluster.worker();
    for (let replica = 0; replica < 3; replica += 1) {
      const { id } = await enqueue(cluster.queues, cluster.kinds.batchJob, batch);
      await untilEnded(cluster.queues, id);
    }
    const starts = (await cluster.history()).filter(({ what }) => what === "start").length;
    return {
      says: `Three requests that do not bear the slot's name are three jobs (${starts})`,
      holds: starts === 3,
    };
  },
};

export const rollingDeploy: ChaosTest = {
  number: 17,
  title: "Workers are stopped by SIGTERM and replaced, again and again",
  short: false,
  async run({ size }) {
    const { count, forMs } = size === "full" ? { count: 400, forMs: 60_000 } : { count: 40, forMs: 10_000 };
    const { verdict, slowestMs, stops, stalls, letters } = await roll("SIGTERM", count, forMs);
    return {
      fault: `${stops} stops among ${count} jobs of half a second`,
      verdict,
      checks: [
        { says: `no stall is counted (${stalls})`, holds: stalls === 0 },
        { says: `no dead letter (${letters})`, holds: letters === 0 },
        {
          says: `a process is gone within its grace of 5 s (${Math.round(slowestMs)} ms at most)`,
          holds: slowestMs < 5_000,
        },
      ],
    };
  },
  async control() {
    const { stalls } = await roll("SIGKILL", 20, 5_000);
    return { says: `By SIGKILL ${stalls} stalls are counted`, holds: stalls > 0 };
  },
};

async function roll(signal: "SIGTERM" | "SIGKILL", count: number, forMs: number) {
  // As long as that of a light pool: a stall is then a job that was left behind, not a machine that is busy.
  await using cluster = await Cluster.start({ lockMs: signal === "SIGTERM" ? 10_000 : 1_500 });
  await using crew = await cluster.crew(2);
  const ids = await cluster.ask(batchesOf(count, { takesMs: 500 }));
  const until = Date.now() + forMs;
  let stops = 0;
  let slowestMs = 0;
  while (Date.now() < until) {
    await pause(800);
    const [oldest] = crew.serving;
    if (!oldest) continue;
    const from = Date.now();
    oldest.signal(signal);
    await oldest.ended();
    slowestMs = Math.max(slowestMs, Date.now() - from);
    stops += 1;
  }
  const verdict = await cluster.judge(await cluster.quiet());
  let stalls = 0;
  for (const id of ids) {
    const stalled = await cluster.queues.redis.hget(cluster.queues.of.observer.toKey(id), "stc");
    stalls += Number(stalled ?? 0);
  }
  return { verdict, stops, slowestMs, stalls, letters: (await cluster.deadLetters()).length };
}

export const flowFaults: ChaosTest = {
  number: 18,
  title: "Parts of a flow fail, and workers die under them",
  short: false,
  async run({ random, size }) {
    const parts = size === "full" ? 10_000 : 80;
    await using cluster = await Cluster.start();
    await using crew = await cluster.crew(2);
    const { flow } = cluster.kinds;
    const whole = await enqueue(cluster.queues, flow, { name: "whole", from: 0, parts });
    cluster.accept(numbersOf(parts));
    const broken = await enqueue(cluster.queues, flow, {
      name: "broken",
      from: parts,
      parts: 40,
      throwing: 10,
    });
    cluster.accept(numbersOf(40, parts).filter((_, at) => at % 10 !== 0));
    for (let kill = 0; kill < (size === "full" ? 20 : 4); kill += 1) {
      await pause(700);
      random.pick(crew.serving)?.signal("SIGKILL");
    }
    const stuck = await cluster.quiet(300_000);
    const [done, failed] = await Promise.all([whole, broken].map(({ id }) => untilEnded(cluster.queues, id)));
    return {
      fault: `flows of ${parts} and 40 parts, 10 % of the second fail, ${crew.deaths} workers killed`,
      verdict: await cluster.judge(stuck),
      checks: [
        { says: "the whole flow completes", holds: done?.state === "completed" },
        {
          says: `the other fails and says of how many: ${failed?.error?.slice(0, 60)}`,
          holds: /4 of 40/.test(failed?.error ?? ""),
        },
      ],
    };
  },
  async control() {
    await using cluster = await Cluster.start();
    const options = {
      connection: connect({ redisUrl: cluster.redis.url, prefix: "bare" }, "worker"),
      prefix: "bare",
    };
    const queue = new Queue("bare", options);
    const parent = await queue.add("parent", {});
    const worker = new Worker("parts", async () => Promise.reject(new Error("it fails")), options);
    const key = { id: parent.id ?? "", queue: parent.queueQualifiedName };
    const waits = new Worker(
      "bare",
      async (job, token) => {
        const parts = new Queue("parts", options);
        await parts.add("part", {}, { parent: key, attempts: 1 });
        await job.moveToWaitingChildren(token ?? "");
        const { WaitingChildrenError } = await import("bullmq");
        throw new WaitingChildrenError();
      },
      options,
    );
    await pause(2_000);
    const state = await parent.getState();
    await Promise.all([worker.close(true), waits.close(true), queue.close()]);
    options.connection.disconnect();
    return {
      says: `A parent in bare BullMQ whose part fails stays ${state}`,
      holds: state === "waiting-children",
    };
  },
};
