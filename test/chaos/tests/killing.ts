import { setTimeout as pause } from "node:timers/promises";
import { crashPoints } from "../../../data/crash-point.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import type { ChaosTest, Check, Setting } from "../chaos-test.ts";
import { CHECK_MS, Cluster, LOCK_MS } from "../cluster.ts";
import { Crew } from "../crew.ts";
import type { Entry } from "../kinds.ts";
import { batchesOf, p95Of } from "./batches.ts";

export const killStorm: ChaosTest = {
  number: 1,
  title: "Workers are killed at random, all the time",
  short: false,
  async run({ random, size }) {
    const {
      count,
      everyMs,
      forMs,
      kills: least,
    } = size === "full"
      ? { count: 2_000, everyMs: 300, forMs: 60_000, kills: 150 }
      : { count: 200, everyMs: 500, forMs: 8_000, kills: 8 };
    // As much work as 4 workers with 4 places each would have in that time.
    const batches = batchesOf(count, { takesMs: Math.round((forMs / count) * 16) });
    const calmMs = await inPeace(batches);
    await using cluster = await Cluster.start();
    await using crew = await cluster.crew(4);
    const until = Date.now() + forMs;
    const from = Date.now();
    await cluster.ask(batches);
    let kills = 0;
    const killedAt = new Map<number, number>();
    while (Date.now() < until || (kills < least && Date.now() < until + 8 * forMs)) {
      await pause(everyMs);
      // Where workers take longer to start than to kill, a storm that leaves none would show nothing.
      const victim = crew.serving.length > 2 ? random.pick(crew.serving) : undefined;
      if (!victim) continue;
      killedAt.set(victim.process.pid ?? 0, Date.now());
      victim.signal("SIGKILL");
      kills += 1;
    }
    const stormS = Math.round((Date.now() - from) / 1_000);
    const stuck = await cluster.quiet(240_000);
    const verdict = await cluster.judge(stuck);
    const history = await cluster.history();
    const recovery = p95Of(recoveriesOf(history, killedAt));
    const overhead = (lastCommitOf(history) - from) / calmMs;
    const letters = (await cluster.deadLetters()).length;
    return {
      fault: `4 workers, ${count} batches into 8 tables, ${kills} kills in ${stormS} s`,
      verdict,
      checks: [
        { says: `at least ${least} kills`, holds: kills >= least },
        { says: `no dead letter (${letters})`, holds: letters === 0 },
        {
          says: `work of a killed worker starts again within two locks and three checks, p95 ${Math.round(recovery)} ms`,
          holds: !(recovery > 2 * LOCK_MS + 3 * CHECK_MS),
        },
        {
          says: `it takes at most three times as long as in peace (${overhead.toFixed(2)}, ${Math.round(calmMs / 1_000)} s in peace)`,
          holds: overhead <= 3,
        },
      ],
    };
  },
  control: (setting) =>
    deathAfterCommit(setting, "Without its key, a batch whose worker dies after the commit"),
};

async function inPeace(batches: Parameters<Cluster["ask"]>[0]): Promise<number> {
  await using cluster = await Cluster.start();
  await using _crew = await cluster.crew(4);
  const from = Date.now();
  await cluster.ask(batches);
  await cluster.quiet(240_000);
  return lastCommitOf(await cluster.history()) - from;
}

function lastCommitOf(history: readonly Entry[]): number {
  return history.reduce((last, { at, what }) => (what === "committed" ? Math.max(last, at) : last), 0);
}

/** From each kill to the next start of what the killed one had begun and not ended. */
function recoveriesOf(history: readonly Entry[], killedAt: ReadonlyMap<number, number>): number[] {
  const found: number[] = [];
  for (const [pid, at] of killedAt) {
    const held = new Set<number>();
    for (const entry of history) {
      if (entry.pid !== pid || entry.batch === undefined) continue;
      if (entry.what === "start") held.add(entry.batch);
      else held.delete(entry.batch);
    }
    for (const batch of held) {
      const again = history.find((entry) => entry.batch === batch && entry.what === "start" && entry.at > at);
      if (again) found.push(again.at - at);
    }
  }
  return found;
}

export const killAtEachStep: ChaosTest = {
  number: 2,
  title: "A worker dies at each step of a write",
  short: true,
  async run({ size }) {
    const times = size === "full" ? 20 : 1;
    const points = crashPoints.flatMap((point) => Array.from({ length: times }, () => point));
    await using cluster = await Cluster.start({ lockMs: 800, stalledCheckMs: 200 });
    let next = 0;
    let asked = 0;
    // One slot dies at the next point each time, the other keeps the work going.
    await using crew = new Crew(2, (slot) => {
      const point = slot === 0 ? points[next++] : undefined;
      return cluster.hand({
        concurrency: 1,
        ...(point && { crashAt: { point, signal: "SIGKILL" as const } }),
      });
    });
    await crew.ready();
    const deadline = Date.now() + points.length * 8_000;
    while (crew.deaths < points.length && Date.now() < deadline) {
      if ((await cluster.open()) < 20) {
        await cluster.ask(batchesOf(40, {}, asked));
        asked += 40;
        await enqueue(cluster.queues, cluster.kinds.sweep, { n: asked });
        await enqueue(cluster.queues, cluster.kinds.sweep, { n: asked + 1 });
      }
      await pause(50);
    }
    const stuck = await cluster.quiet();
    const letters = (await cluster.deadLetters()).length;
    return {
      fault: `${crew.deaths} deaths at ${crashPoints.length} points, ${asked} batches and ${asked / 20} sweeps`,
      verdict: await cluster.judge(stuck),
      checks: [
        { says: "a death at every point", holds: crew.deaths >= points.length },
        { says: `no dead letter (${letters})`, holds: letters === 0 },
      ],
    };
  },
  control: (setting) =>
    deathAfterCommit(setting, "Without its key, a batch whose worker dies after the commit"),
};

async function deathAfterCommit(_: Setting, says: string): Promise<Check> {
  await using cluster = await Cluster.start({ lockMs: 800, stalledCheckMs: 200 });
  await using _dying = await cluster.worker({ crashAt: { point: "committed", signal: "SIGKILL" } });
  await cluster.ask([{ batch: 0, guarded: false }]);
  await _dying.ended();
  await using _other = await cluster.worker();
  const { doubled, different } = await cluster.judge(await cluster.quiet());
  return { says: `${says} is in the table twice`, holds: doubled === 1 && different === 1 };
}

export const zombie: ChaosTest = {
  number: 3,
  title: "A worker is stopped past its lock in the middle of a write and goes on when another has done it",
  short: true,
  async run({ size }) {
    const times = size === "full" ? 10 : 1;
    const places = [
      "snapshot-read",
      "files-written",
      "files-published",
      "commit-unlinked",
      "before-ack",
    ] as const;
    await using cluster = await Cluster.start({ lockMs: 600, stalledCheckMs: 150 });
    let batch = 0;
    for (let time = 0; time < times; time += 1)
      for (const point of places) await awaken(cluster, point, batch++, true);
    const stuck = await cluster.quiet();
    const history = await cluster.history();
    const outcomes = ["committed", "already-applied", "told lock-lost"].map(
      (what) => `${history.filter((entry) => entry.what === what).length} ${what}`,
    );
    const lockLost = history.some(({ what }) => what === "told lock-lost");
    return {
      fault: `${batch} stops at ${places.length} places: ${outcomes.join(", ")}`,
      verdict: await cluster.judge(stuck),
      checks: [{ says: "a zombie is told that its lock is lost", holds: lockLost }],
    };
  },
  async control() {
    await using cluster = await Cluster.start({ lockMs: 600, stalledCheckMs: 150 });
    await awaken(cluster, "commit-unlinked", 0, false);
    const { doubled, different } = await cluster.judge(await cluster.quiet());
    return {
      says: "Without its key, the zombie's late commit doubles the batch",
      holds: doubled === 1 && different === 1,
    };
  },
};

/** The only worker takes the batch and stops; another does it; the first goes on. */
async function awaken(
  cluster: Cluster,
  point: (typeof crashPoints)[number],
  batch: number,
  guarded: boolean,
): Promise<void> {
  await using zombie = await cluster.worker({ concurrency: 1, crashAt: { point, signal: "SIGSTOP" } });
  await cluster.ask([{ batch, guarded, ignoresSignal: !guarded }]);
  const pid = zombie.process.pid ?? 0;
  await cluster.until(
    (history) => history.some((entry) => entry.pid === pid && entry.batch === batch),
    10_000,
  );
  await using _successor = await cluster.worker({ concurrency: 1 });
  await cluster.quiet(15_000);
  zombie.signal("SIGCONT");
  await cluster.until((history) => {
    const own = history.filter((entry) => entry.pid === pid);
    return (
      own.some(({ what }) => /committed|already/.test(what)) ||
      own.filter(({ what }) => /told/.test(what)).length > 0
    );
  }, 10_000);
  // A zombie that was told may still be in the middle of its commit.
  await pause(500);
}
