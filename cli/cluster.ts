import type { Storage } from "../data/storage/storage.ts";
import { listWorkers } from "../queues/heartbeats.ts";
import { type PoolName, poolNames } from "../queues/pools.ts";
import { openQueues, type Queues } from "../queues/queues.ts";
import { ensureRedis } from "../queues/redis/ensure-redis.ts";
import { serverFolder } from "../queues/redis/server-folder.ts";
import type { CliContext } from "./context.ts";
import { CliFailure } from "./failure.ts";
import { openLakeStorage } from "./lake.ts";
import { type MillraceProcess, startMillrace } from "./processes/millrace-process.ts";

/** Queues, and somebody who works on them. */
export interface Cluster extends AsyncDisposable {
  readonly queues: Queues;
  readonly storage: Storage;
  /** True when the Redis is our own and not one that REDIS_URL names. */
  readonly embedded: boolean;
}

const STOP_GRACE_MS = 5_000;
/** A person would rather wait for a disk that is slow for a moment than start again. */
const ANSWER_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 2_000;

export async function openCluster(context: CliContext, pools: readonly PoolName[]): Promise<Cluster> {
  const settings = context.config();
  const opened: AsyncDisposable[] = [];
  const keep = <Thing extends AsyncDisposable>(thing: Thing): Thing => {
    opened.unshift(thing);
    return thing;
  };
  const close = async () => {
    for (const thing of opened.splice(0)) await thing[Symbol.asyncDispose]();
  };
  try {
    const storage = keep(openLakeStorage(settings));
    const dir = serverFolder(settings.lakeUrl, settings.cache.dir);
    const redis = keep(await ensureRedis({ redisUrl: settings.redisUrl, dir }));
    const address = { redisUrl: redis.url, prefix: settings.queuePrefix };
    const queues = keep(openQueues(address, { store: storage, answerWithinMs: ANSWER_WITHIN_MS }));
    const embedded = redis.source !== "given";
    if (pools.length > 0) {
      if (embedded) keep(await staff(context, queues, pools));
      else await warnOfIdlePools(context, queues, pools);
    }
    return { queues, storage, embedded, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * A worker process of our own, for as long as somebody is missing: at first, or later when the process that served until
 * now belonged to another command and ended with it. One process serves every pool, since a job may have parts in any.
 */
async function staff(
  context: CliContext,
  queues: Queues,
  pools: readonly PoolName[],
): Promise<AsyncDisposable> {
  let own: MillraceProcess | undefined;
  let closing = false;
  const lines: string[] = [];
  const look = async () => {
    if (closing || own || (await unserved(queues, pools)).length === 0) return;
    own = startMillrace(["worker", "--pool", poolNames.join(",")], {
      env: context.env,
      onLine: (line) => lines.splice(0, Math.max(0, lines.push(line) - 20)),
    });
    void own.ended.then(() => {
      own = undefined;
    });
    await own.ready;
  };
  try {
    await look();
  } catch (error) {
    const last = lines.map(messageOf).at(-1) ?? (error instanceof Error ? error.message : "");
    throw new CliFailure(`The worker process could not start: ${last}`, {
      next: "millrace doctor",
      cause: error,
    });
  }
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(look).catch(() => undefined);
  }, LOOK_EVERY_MS);
  return {
    async [Symbol.asyncDispose]() {
      closing = true;
      clearInterval(timer);
      await own?.stop(STOP_GRACE_MS);
    },
  };
}

async function warnOfIdlePools(
  context: CliContext,
  queues: Queues,
  pools: readonly PoolName[],
): Promise<void> {
  for (const pool of await unserved(queues, pools)) {
    const { paint } = context.output;
    context.output.say(
      `${paint("yellow", "note:")} no worker serves ${pool} now; the job waits until one does: millrace worker --pool ${pool}`,
    );
  }
}

async function unserved(queues: Queues, pools: readonly PoolName[]): Promise<PoolName[]> {
  const workers = await listWorkers(queues);
  return pools.filter((pool) => !workers.some((worker) => worker.pools.includes(pool)));
}

function messageOf(line: string): string {
  try {
    const { msg, err } = JSON.parse(line);
    return err?.message ?? msg ?? line;
  } catch {
    return line;
  }
}
