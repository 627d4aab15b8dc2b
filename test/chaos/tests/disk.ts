import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChaosTest } from "../chaos-test.ts";
import { Cluster } from "../cluster.ts";
import { openFullDisk } from "../full-disk.ts";
import { batchesOf } from "./batches.ts";

export const diskFull: ChaosTest = {
  number: 12,
  title: "The disk of the lake is full, then that of Redis",
  short: true,
  waits: true,
  async run({ size }) {
    const count = size === "full" ? 400 : 60;
    const ofLake = await fillLake(count);
    const redis = await fillRedis(count);
    return {
      fault: `${ofLake.kind}, ${count} batches each; ${ofLake.refusals} jobs put aside, ${redis.refused} requests refused`,
      verdict: add(ofLake.verdict, redis.verdict),
      checks: [
        { says: `the lake's writers were refused (${ofLake.refusals})`, holds: ofLake.refusals > 0 },
        { says: "jobs keep their attempts: no dead letter", holds: ofLake.letters === 0 },
        { says: "work went on by itself when there was room", holds: ofLake.verdict.stuck === 0 },
        { says: "Redis refused what it could not write down", holds: redis.refused > 0 },
      ],
    };
  },
  async control() {
    await using cluster = await Cluster.start();
    const record = join(cluster.dir, "lake", "_intake");
    await rm(record, { recursive: true, force: true });
    await writeFile(record, "A file in place of the folder");
    let refused = 0;
    await cluster.ask(batchesOf(3)).catch(() => (refused += 1));
    return {
      says: "A request that cannot be written down is refused, not lost",
      holds: refused === 1 && (await cluster.open()) === 0,
    };
  },
};

async function fillLake(count: number) {
  await using disk = await openFullDisk(48, 64 * 1024);
  await using cluster = await Cluster.start(disk.dir ? { lakeDir: join(disk.dir, "lake") } : {});
  await cluster.ask(batchesOf(count, { takesMs: 20 }));
  await using crew = await cluster.crew(2);
  await disk.fill(crew.pids);
  const delayed = async () => (await cluster.queues.of.observer.getDelayedCount()) > 0;
  for (let look = 0; look < 100 && !(await delayed()); look += 1)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const refusals = await cluster.queues.of.observer.getDelayedCount();
  await disk.makeRoom();
  const verdict = await cluster.judge(await cluster.quiet(180_000));
  return { kind: disk.kind, verdict, refusals, letters: (await cluster.deadLetters()).length };
}

/** With its file synced at each write Redis refuses what it cannot keep, and takes work again when there is room. */
async function fillRedis(count: number) {
  await using disk = await openFullDisk(24, 8 * 1024);
  await using cluster = await Cluster.start({
    ...(disk.dir && { redisDir: disk.dir }),
    redisSettings: ["--appendfsync", "always"],
  });
  await cluster.ask(batchesOf(count / 2));
  await disk.fill([cluster.redis.pid]);
  let refused = 0;
  let batch = count / 2;
  for (let tries = 0; tries < 60 && refused < 3; tries += 1) {
    const asked = batchesOf(10, {}, batch);
    await within(3_000, cluster.ask(asked)).catch(() => (refused += 1));
    batch += 10;
  }
  await disk.makeRoom();
  await cluster.redis.kill();
  await cluster.redis.start();
  await using _crew = await cluster.crew(2);
  await cluster.quiet();
  await new Promise((resolve) => setTimeout(resolve, 5_500));
  await cluster.reconcile();
  const verdict = await cluster.judge(await cluster.quiet());
  return { verdict, refused };
}

async function within<Value>(ms: number, work: Promise<Value>): Promise<Value> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => setTimeout(() => reject(new Error("no answer")), ms)),
  ]);
}

type Verdict = Awaited<ReturnType<Cluster["judge"]>>;

function add(a: Verdict, b: Verdict): Verdict {
  return {
    lost: a.lost + b.lost,
    doubled: a.doubled + b.doubled,
    torn: a.torn + b.torn,
    stuck: a.stuck + b.stuck,
    different: a.different + b.different,
  };
}
