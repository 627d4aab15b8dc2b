import { execFile } from "node:child_process";
import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ChaosTest } from "../chaos-test.ts";
import { Cluster } from "../cluster.ts";
import { batchesOf } from "./batches.ts";

const run = promisify(execFile);

/** A disk of a few megabytes; where none can be mounted the test says so and has not passed. */
class SmallDisk implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async mount(sizeMib: number): Promise<SmallDisk> {
    const path = await mkdtemp(join(tmpdir(), "millrace-disk-"));
    await run("mount", ["-t", "tmpfs", "-o", `size=${sizeMib}m`, "tmpfs", path]);
    return new SmallDisk(path);
  }

  /** Leaves so many bytes. */
  async fill(freeBytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.path);
    await writeFile(join(this.path, "ballast"), Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)));
  }

  async makeRoom(): Promise<void> {
    await rm(join(this.path, "ballast"), { force: true });
  }

  async [Symbol.asyncDispose]() {
    await run("umount", ["-l", this.path]);
    await rm(this.path, { recursive: true, force: true });
  }
}

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
      fault: `${count} batches each; ${ofLake.refusals} jobs put aside, ${redis.refused} requests refused`,
      verdict: add(ofLake.verdict, redis.verdict),
      checks: [
        { says: "jobs keep their attempts: no dead letter", holds: ofLake.letters === 0 },
        { says: "work went on by itself when there was room", holds: ofLake.verdict.stuck === 0 },
        { says: "Redis refused what it could not write down", holds: redis.refused > 0 },
      ],
    };
  },
  async control() {
    await using disk = await SmallDisk.mount(4);
    await using cluster = await Cluster.start({ lakeDir: join(disk.path, "lake") });
    await disk.fill(0);
    let refused = 0;
    await cluster.ask(batchesOf(3)).catch(() => (refused += 1));
    return {
      says: "A request that cannot be written down is refused, not lost",
      holds: refused === 1 && (await cluster.open()) === 0,
    };
  },
};

async function fillLake(count: number) {
  await using disk = await SmallDisk.mount(48);
  await using cluster = await Cluster.start({ lakeDir: join(disk.path, "lake") });
  await cluster.ask(batchesOf(count, { takesMs: 20 }));
  await disk.fill(64 * 1024);
  await using _crew = await cluster.crew(2);
  await cluster.until((history) => history.length > 20);
  const delayed = async () => (await cluster.queues.of.observer.getDelayedCount()) > 0;
  for (let look = 0; look < 100 && !(await delayed()); look += 1)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const refusals = await cluster.queues.of.observer.getDelayedCount();
  await disk.makeRoom();
  const verdict = await cluster.judge(await cluster.quiet(180_000));
  return { verdict, refusals, letters: (await cluster.deadLetters()).length };
}

/** With its file synced at each write Redis refuses what it cannot keep, and takes work again when there is room. */
async function fillRedis(count: number) {
  await using disk = await SmallDisk.mount(24);
  await using cluster = await Cluster.start({
    redisDir: disk.path,
    redisSettings: ["--appendfsync", "always"],
  });
  await cluster.ask(batchesOf(count / 2));
  await disk.fill(8 * 1024);
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
