import { enqueue } from "../../../queues/enqueue.ts";
import { Batch } from "../batch.ts";
import type { ChaosTest, Setting } from "../chaos-test.ts";
import { Cluster } from "../cluster.ts";
import { batchesOf } from "./batches.ts";

const DELIVERIES = 5;

export const duplicates: ChaosTest = {
  number: 9,
  title: "Every batch is asked for five times, shuffled",
  short: true,
  async run(setting) {
    const { verdict, count, runs } = await deliver(setting, setting.size === "full" ? 400 : 40, true);
    return {
      fault: `${count} batches × ${DELIVERIES} deliveries, 4 workers, ${runs} runs`,
      verdict,
      checks: [{ says: "each delivery ran", holds: runs >= count * DELIVERIES }],
    };
  },
  async control(setting) {
    const { verdict, count } = await deliver(setting, 10, false);
    return {
      says: `Without its key ${verdict.doubled} of ${count} are doubled`,
      holds: verdict.doubled === count,
    };
  },
};

async function deliver({ random }: Setting, count: number, guarded: boolean) {
  await using cluster = await Cluster.start();
  await using _crew = await cluster.crew(guarded ? 4 : 1);
  const all = Array.from({ length: DELIVERIES }, (_, delivery) =>
    batchesOf(count, { delivery, guarded }),
  ).flat();
  await cluster.ask(random.shuffled(all));
  const verdict = await cluster.judge(await cluster.quiet());
  const runs = (await cluster.history()).filter(({ what }) => what === "start").length;
  return { verdict, count, runs };
}

const MOST_DEATHS = 10;

export const poison: ChaosTest = {
  number: 10,
  title: "Some jobs throw, end their process, eat all memory or hang",
  short: true,
  async run({ size }) {
    const count = size === "full" ? 1_000 : 60;
    const share = (of: number) => Math.max(1, Math.round((count * of) / 100));
    const kinds = [
      ...Array.from({ length: share(1) }, () => "throws" as const),
      ...Array.from({ length: share(0.5) }, () => "exits" as const),
      ...Array.from({ length: share(0.5) }, () => "grows" as const),
      ...Array.from({ length: share(0.5) }, () => "hangs" as const),
    ];
    await using cluster = await Cluster.start({ lockMs: 600, stalledCheckMs: 150 });
    await using crew = await cluster.crew(2, { concurrency: 3 }, ["--max-old-space-size=128"]);
    const poisoned = kinds.map((how, at) => Batch.parse({ batch: count + at, poison: how }));
    for (const batch of poisoned)
      await enqueue(cluster.queues, cluster.kinds.poisoned, batch, { requestId: `slot-${batch.batch}` });
    await cluster.ask(batchesOf(count));
    const stuck = await cluster.quiet(300_000);
    await cluster.reconcile();
    await cluster.quiet();
    const letters = new Set((await cluster.deadLetters()).map(({ input }) => Batch.parse(input).batch));
    const starts = (await cluster.history()).filter(({ what }) => what === "start");
    const most = Math.max(
      ...poisoned.map(({ batch }) => starts.filter((entry) => entry.batch === batch).length),
    );
    return {
      fault: `${kinds.length} bad jobs among ${count}, of four kinds; ${crew.deaths} deaths`,
      verdict: await cluster.judge(stuck),
      checks: [
        {
          says: "all of them are among the dead letters, and no other",
          holds: letters.size === kinds.length && poisoned.every(({ batch }) => letters.has(batch)),
        },
        { says: `none started more than ${MOST_DEATHS + 1} times (${most})`, holds: most <= MOST_DEATHS + 1 },
      ],
    };
  },
  async control() {
    await using cluster = await Cluster.start();
    await using _worker = await cluster.worker();
    await enqueue(cluster.queues, cluster.kinds.poisoned, Batch.parse({ batch: 0, poison: "throws" }));
    cluster.accept([0, 1]);
    await cluster.ask([{ batch: 1 }]);
    const { lost } = await cluster.judge(await cluster.quiet());
    return { says: "A bad job that is not forgiven counts as lost", holds: lost === 1 };
  },
};
