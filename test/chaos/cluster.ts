import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { appendFileSync, closeSync, fsyncSync, openSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Lake } from "../../data/lake.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { listDeadLetters } from "../../queues/dead-letters.ts";
import { enqueue, enqueueMany } from "../../queues/enqueue.ts";
import { type PoolName, poolNames } from "../../queues/pools.ts";
import { openQueues, type Queues } from "../../queues/queues.ts";
import { reconcile } from "../../workers/maintenance/reconcile/job.ts";
import { OwnRedis } from "../support/own-redis.ts";
import { Batch, columns, rowsSql, TABLES, tableOf } from "./batch.ts";
import { Crew, Hand } from "./crew.ts";
import { type Entry, kindsIn } from "./kinds.ts";
import { contentOf, hashOf, readLogs } from "./oracle.ts";
import type { Order } from "./worker.ts";

/** Where a test does not say otherwise. */
export const LOCK_MS = 1_500;
export const CHECK_MS = 500;

export interface Verdict {
  readonly lost: number;
  readonly doubled: number;
  readonly torn: number;
  readonly stuck: number;
  /** Tables whose rows are not those of an undisturbed run. */
  readonly different: number;
}

export interface ClusterOptions {
  readonly lockMs?: number;
  readonly stalledCheckMs?: number;
  readonly pools?: readonly PoolName[];
  readonly redisSettings?: readonly string[];
  /** On a disk of its own, for the tests that fill it. */
  readonly lakeDir?: string;
  readonly redisDir?: string;
  /** Accepted work is not written down, for the control of a test. */
  readonly withoutRecord?: boolean;
}

/** The folder in which the clusters of the test that runs here leave what happened. */
export const keptHistory = new AsyncLocalStorage<string>();

/** A Redis, a lake and a producer of their own for one test; the test brings the workers and the trouble. */
export class Cluster implements AsyncDisposable {
  readonly dir: string;
  readonly redis: OwnRedis;
  readonly lake: Lake;
  readonly queues: Queues;
  readonly kinds: ReturnType<typeof kindsIn>;
  readonly #order: Order;
  readonly #accepted = new Set<number>();
  readonly #keepIn = keptHistory.getStore();

  private constructor(dir: string, redis: OwnRedis, lake: Lake, queues: Queues, order: Order) {
    this.dir = dir;
    this.redis = redis;
    this.lake = lake;
    this.queues = queues;
    this.kinds = kindsIn(dir);
    this.#order = order;
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const dir = await mkdtemp(join(tmpdir(), "millrace-chaos-"));
    const redisDir = options.redisDir ?? join(dir, "redis");
    const lakeDir = options.lakeDir ?? join(dir, "lake");
    await mkdir(redisDir, { recursive: true });
    const redis = await OwnRedis.start(redisDir, options.redisSettings);
    const duckdb = { memoryBytes: 2 ** 28, threads: 1, tempDir: join(dir, "spill") };
    const lake = await openLake({ storage: openFolder(lakeDir), duckdb });
    for (let table = 0; table < TABLES; table += 1) await lake.table(tableOf(table)).ensure({ columns });
    const address = { redisUrl: redis.url, prefix: `chaos-${randomUUID().slice(0, 8)}` };
    const store = options.withoutRecord ? {} : { store: lake.storage };
    const queues = openQueues(address, { role: "worker", ...store });
    const { lockMs = LOCK_MS, stalledCheckMs = CHECK_MS, pools = ["observer", "maintenance"] } = options;
    const order = { ...address, dir, lakeDir, pools, lockMs, stalledCheckMs, concurrency: 4 };
    return new Cluster(dir, redis, lake, queues, order);
  }

  hand(changes: Partial<Order> = {}, nodeOptions: readonly string[] = []): Hand {
    return new Hand({ ...this.#order, ...changes }, nodeOptions);
  }

  /** One worker, serving. */
  async worker(changes: Partial<Order> = {}): Promise<Hand> {
    const hand = this.hand(changes);
    await hand.ready();
    return hand;
  }

  async crew(
    count: number,
    changes: Partial<Order> = {},
    nodeOptions: readonly string[] = [],
  ): Promise<Crew> {
    const crew = new Crew(count, () => this.hand(changes, nodeOptions));
    await crew.ready();
    return crew;
  }

  /** What was answered with yes is written down before anything else happens: it is what may not be lost. */
  async ask(batches: readonly Partial<Batch>[]): Promise<string[]> {
    const inputs = batches.map((batch) => Batch.parse(batch));
    const asked = await enqueueMany(this.queues, this.kinds.batchJob, inputs);
    this.accept(inputs.map(({ batch }) => batch));
    return asked.map(({ id }) => id);
  }

  accept(batches: readonly number[]): void {
    const file = openSync(join(this.dir, "accepted"), "a");
    appendFileSync(file, batches.map((batch) => `${batch}\n`).join(""));
    fsyncSync(file);
    closeSync(file);
    for (const batch of batches) this.#accepted.add(batch);
  }

  /** As the schedule of every minute does, only sooner. */
  async reconcile(): Promise<void> {
    await enqueue(this.queues, reconcile, {}).catch(() => undefined);
  }

  /** Jobs that have not ended. */
  async open(): Promise<number> {
    let open = 0;
    for (const pool of poolNames) {
      const counts = await this.queues.of[pool].getJobCounts(
        "waiting",
        "active",
        "delayed",
        "waiting-children",
        "prioritized",
      );
      open += Object.values(counts).reduce((sum, count) => sum + count, 0);
    }
    return open;
  }

  /** Until nothing is left to do, looked at twice, or the time is over and something is stuck. */
  async quiet(withinMs = 120_000): Promise<number> {
    const until = Date.now() + withinMs;
    let quietLooks = 0;
    for (;;) {
      const open = await this.open().catch(() => 1);
      quietLooks = open === 0 ? quietLooks + 1 : 0;
      if (quietLooks >= 2 || Date.now() > until) return open;
      await pause(150);
    }
  }

  async history(): Promise<Entry[]> {
    const text = await readFile(join(this.dir, "history.ndjson"), "utf8").catch(() => "");
    return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Entry]));
  }

  async until(holds: (history: readonly Entry[]) => boolean, withinMs = 60_000): Promise<boolean> {
    const until = Date.now() + withinMs;
    while (!holds(await this.history())) {
      if (Date.now() > until) return false;
      await pause(50);
    }
    return true;
  }

  deadLetters() {
    return listDeadLetters(this.queues);
  }

  /** From disk alone, but for what is stuck; `forgiven` are batches that were made to fail. */
  async judge(stuck: number, forgiven: readonly number[] = []): Promise<Verdict> {
    const { commits, torn } = await readLogs(this.#order.lakeDir);
    const wanted = [...this.#accepted].filter((batch) => !forgiven.includes(batch));
    let different = 0;
    for (let table = 0; table < TABLES; table += 1) {
      const own = wanted.filter((batch) => tableOf(batch) === tableOf(table));
      const undisturbed = await hashOf(this.lake, ["batch", "row", "value"], rowsSql(own));
      const found = await contentOf(this.lake, tableOf(table)).catch((error: unknown) => String(error));
      if (found !== undisturbed) different += 1;
    }
    return {
      lost: wanted.filter((batch) => !commits.has(batch)).length,
      doubled: [...commits.values()].filter((count) => count > 1).length,
      torn: torn.length,
      stuck,
      different,
    };
  }

  async torn(): Promise<readonly string[]> {
    return (await readLogs(this.#order.lakeDir)).torn;
  }

  async #keep(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    for (const name of ["history.ndjson", "accepted"])
      await cp(join(this.dir, name), join(folder, name)).catch(() => undefined);
  }

  async [Symbol.asyncDispose]() {
    await this.queues[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
    await this.lake[Symbol.asyncDispose]();
    if (this.#keepIn) await this.#keep(join(this.#keepIn, basename(this.dir)));
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

export function isClean({ lost, doubled, torn, stuck, different }: Verdict): boolean {
  return lost + doubled + torn + stuck + different === 0;
}
