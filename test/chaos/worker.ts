import { once } from "node:events";
import { join } from "node:path";
import pino from "pino";
import { armCrashPoints, type CrashPoint } from "../../data/crash-point.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import type { PoolName } from "../../queues/pools.ts";
import { openQueues } from "../../queues/queues.ts";
import { reconcileNow } from "../../workers/maintenance/reconcile/run.ts";
import { startPool } from "../../workers/pool.ts";
import { findKind } from "../../workers/registry.ts";
import { kindsOf } from "../support/kinds.ts";
import { unaware, withoutKeys } from "./forgetful.ts";
import { kindsIn } from "./kinds.ts";

/** What a chaos test orders of a worker process, beside the kinds of the product. */
export interface Order {
  readonly redisUrl: string;
  readonly prefix: string;
  readonly dir: string;
  readonly lakeDir: string;
  readonly pools: readonly PoolName[];
  readonly lockMs: number;
  readonly stalledCheckMs: number;
  readonly concurrency: number;
  /** The first passage of this point ends or stops the process. */
  readonly crashAt?: { readonly point: CrashPoint; readonly signal: "SIGKILL" | "SIGSTOP" };
  /** How far this process's clock is off. */
  readonly skewMs?: number;
  /** Its commits lack the keys that keep a write from being done twice, and its jobs do not hear that their lock is lost. */
  readonly forgetful?: boolean;
}

const order = JSON.parse(process.argv[2] ?? "{}") as Order;
if (order.skewMs) skewClock(order.skewMs);
const { crashAt } = order;
if (crashAt) {
  let passed = false;
  armCrashPoints((point) => {
    if (passed || point !== crashAt.point) return;
    passed = true;
    process.kill(process.pid, crashAt.signal);
  });
}
{
  const folder = openFolder(order.lakeDir);
  await using lake = await openLake({
    storage: order.forgetful ? withoutKeys(folder) : folder,
    duckdb: { memoryBytes: 2 ** 30, threads: 1, tempDir: join(order.dir, `spill-${process.pid}`) },
  });
  await using queues = openQueues(order, { role: "worker", store: lake.storage });
  const own = kindsOf(...Object.values(kindsIn(order.dir)));
  const log = pino({ level: "silent" });
  const told = once(process, "SIGTERM");
  const known = (name: string) => findKind(name) ?? own(name);
  const jobOf = order.forgetful ? (name: string) => unaware(known(name)) : known;
  await using _pool = await startPool({ lake, queues, log }, { ...order, jobOf });
  process.send?.("serving");
  // Nobody is left to end it otherwise.
  process.once("disconnect", () => process.exit(1));
  process.on("message", (asked) => {
    if (asked !== "memory") return;
    // V8 collects when it must and keeps the room that it gained: neither is a leak.
    globalThis.gc?.();
    const { rss, heapTotal, heapUsed } = process.memoryUsage();
    process.send?.({ bytes: rss - heapTotal + heapUsed });
  });
  reconcileNow({ queues, log }).catch(() => undefined);
  await told;
}
process.exit(0);

function skewClock(skewMs: number): void {
  const RealDate = Date;
  const now = () => RealDate.now() + skewMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args) => (args.length === 0 ? new target(now()) : Reflect.construct(target, args)),
    get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
  });
}
