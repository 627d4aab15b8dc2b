import type { ChaosTest } from "../chaos-test.ts";
import { Cluster } from "../cluster.ts";
import { batchesOf } from "./batches.ts";

const LOCK_MS = 1_000;

export const beyondLock: ChaosTest = {
  number: 4,
  title: "A job computes for three times its lock",
  short: false,
  async run() {
    const { held, threaded, verdict } = await compute();
    return {
      fault: `${3 * LOCK_MS} ms of computing with a lock of ${LOCK_MS} ms, on the loop and in a thread`,
      verdict,
      checks: [{ says: `in a thread it starts once (${threaded})`, holds: threaded === 1 && held > 0 }],
    };
  },
  async control() {
    const { held, verdict } = await compute();
    return {
      says: `On the event loop it loses its lock and starts again (${held} starts), to one effect`,
      holds: held >= 2 && verdict.doubled === 0,
    };
  },
};

async function compute() {
  await using cluster = await Cluster.start({ lockMs: LOCK_MS, stalledCheckMs: 250 });
  await using _crew = await cluster.crew(2, { concurrency: 1 });
  await cluster.ask([{ batch: 0, blocksMs: 3 * LOCK_MS }]);
  await cluster.quiet();
  await cluster.ask([{ batch: 1, blocksMs: 3 * LOCK_MS, inThread: true }]);
  const verdict = await cluster.judge(await cluster.quiet());
  const starts = (await cluster.history()).filter(({ what }) => what === "start");
  const of = (batch: number) => starts.filter((entry) => entry.batch === batch).length;
  return { held: of(0), threaded: of(1), verdict };
}

export const slowJobs: ChaosTest = {
  number: 11,
  title: "Jobs wait for ten times their lock",
  short: false,
  async run({ size }) {
    const count = size === "full" ? 40 : 8;
    const lockMs = 3 * LOCK_MS;
    await using cluster = await Cluster.start({ lockMs, stalledCheckMs: 500 });
    await using _crew = await cluster.crew(2, { concurrency: count / 2 });
    await cluster.ask(batchesOf(count, { takesMs: 10 * lockMs }));
    const verdict = await cluster.judge(await cluster.quiet());
    const starts = (await cluster.history()).filter(({ what }) => what === "start").length;
    return {
      fault: `${count} jobs of ${10 * lockMs} ms with a lock of ${lockMs} ms`,
      verdict,
      checks: [{ says: `one start each (${starts})`, holds: starts === count }],
    };
  },
  async control() {
    await using cluster = await Cluster.start({ lockMs: LOCK_MS, stalledCheckMs: 250 });
    await using slow = await cluster.worker({ concurrency: 1 });
    await cluster.ask([{ batch: 0, takesMs: 4 * LOCK_MS }]);
    await cluster.until((history) => history.length > 0);
    slow.signal("SIGSTOP");
    await using _other = await cluster.worker();
    await cluster.quiet();
    slow.signal("SIGCONT");
    const starts = (await cluster.history()).filter(({ what }) => what === "start").length;
    return { says: `One whose lock nobody renews starts again (${starts} starts)`, holds: starts >= 2 };
  },
};

export const clockSkew: ChaosTest = {
  number: 16,
  title: "The clocks of two workers differ by twenty minutes",
  short: false,
  async run({ size }) {
    const { verdict, count } = await skewed(size === "full" ? 400 : 60);
    return { fault: `${count} batches, one worker 10 min ahead, one 10 min behind`, verdict, checks: [] };
  },
  async control() {
    const { spreadMin } = await skewed(40);
    return {
      says: `The history's own times differ by as much (${Math.round(spreadMin)} min), so the clocks were off`,
      holds: spreadMin > 19,
    };
  },
};

async function skewed(count: number) {
  await using cluster = await Cluster.start();
  await using _ahead = await cluster.worker({ skewMs: 600_000 });
  await using _behind = await cluster.worker({ skewMs: -600_000 });
  await cluster.ask(batchesOf(count, { takesMs: 20 }));
  const verdict = await cluster.judge(await cluster.quiet());
  const times = (await cluster.history()).map(({ at }) => at);
  return { verdict, count, spreadMin: (Math.max(...times) - Math.min(...times)) / 60_000 };
}
