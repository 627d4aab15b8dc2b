import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Queue } from "bullmq";
import { nodeFlags } from "../../cli/processes/node-flags.ts";
import { ensureRedis } from "../../queues/redis/ensure-redis.ts";
import { errand } from "./errand.ts";

export interface EnqueueRatios {
  /** Jobs a second through HTTP ÷ through bare `queue.add`, 64 at a time both. At least 0.4. */
  readonly httpToAdd: number;
  /** Jobs a second in requests of 1,000 ÷ in `addBulk` of 1,000. At least 0.6. */
  readonly batchToAddBulk: number;
  /** The same as `httpToAdd` for a server that is Express and `queue.add` and nothing else. */
  readonly plainToAdd: number;
  readonly addPerS: number;
  readonly httpPerS: number;
  readonly addBulkPerS: number;
  readonly batchPerS: number;
}

const CONNECTIONS = 64;
const BATCH = 1_000;

/** Server, client and Redis are processes of their own; the bare queue and ours take turns on the same Redis. */
export async function measureEnqueue({
  rounds = 5,
  jobs = 10_000,
  batches = 20,
} = {}): Promise<EnqueueRatios> {
  const dir = await mkdtemp(join(tmpdir(), "bench-api-"));
  const perS = { add: [], http: [], plain: [], addBulk: [], batch: [] } as Rates;
  {
    await using redis = await ensureRedis({ dir: join(dir, "redis") });
    const server = start("server.ts", [redis.url, "bench", dir], nodeFlags("api"));
    const url = await told<string>(server);
    const plainServer = start("plain-server.ts", [redis.url, "bench"]);
    const plainUrl = await told<string>(plainServer);
    const client = start("client.ts");
    await told(client);
    const queue = new Queue("bare", { connection: { url: redis.url }, prefix: "bench" });

    for (let round = 0; round < rounds; round += 1) {
      const ask = (to: string, requests: number, batch: number, connections: number) => {
        client.send({ url: to, connections, requests, batch, cohort: `${batch} ${round}` });
        return told<number>(client);
      };
      perS.add.push(await bareAdds(queue, jobs));
      perS.http.push(await ask(url, jobs, 1, CONNECTIONS));
      perS.plain.push(await ask(plainUrl, jobs, 1, CONNECTIONS));
      perS.addBulk.push(await bareBulks(queue, batches));
      perS.batch.push(await ask(url, batches, BATCH, 1));
    }
    await checkPromises(redis.url, rounds * (jobs + batches * BATCH));
    await queue.close();
    for (const child of [server, plainServer, client]) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
  }
  await rm(dir, { recursive: true, force: true });
  return ratiosOf({
    add: median(perS.add),
    http: median(perS.http),
    plain: median(perS.plain),
    addBulk: median(perS.addBulk),
    batch: median(perS.batch),
  });
}

/** Jobs a second, of each round. */
type Rates = Record<"add" | "http" | "plain" | "addBulk" | "batch", number[]>;

function ratiosOf({ add, http, plain, addBulk, batch }: Record<keyof Rates, number>): EnqueueRatios {
  return {
    httpToAdd: http / add,
    batchToAddBulk: batch / addBulk,
    plainToAdd: plain / add,
    addPerS: add,
    httpPerS: http,
    addBulkPerS: addBulk,
    batchPerS: batch,
  };
}

async function bareAdds(queue: Queue, jobs: number): Promise<number> {
  let part = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (part < jobs) await queue.add("errand", { input: { cohort: "bare", part: part++ } });
    }),
  );
  return jobs / ((performance.now() - start) / 1_000);
}

async function bareBulks(queue: Queue, batches: number): Promise<number> {
  const start = performance.now();
  for (let batch = 0; batch < batches; batch += 1) {
    await queue.addBulk(
      Array.from({ length: BATCH }, (_, part) => ({
        name: "errand",
        data: { input: { cohort: `bare ${batch}`, part } },
      })),
    );
  }
  return (batches * BATCH) / ((performance.now() - start) / 1_000);
}

/** Every job that the API has promised is in its queue, once: a figure of a server that loses some says nothing. */
async function checkPromises(redisUrl: string, promised: number) {
  const queue = new Queue(errand.pool, { connection: { url: redisUrl }, prefix: "bench" });
  const waiting = await queue.getWaitingCount();
  await queue.close();
  if (waiting !== promised) throw new Error(`${promised} jobs were promised by HTTP, and ${waiting} wait`);
}

/** The next message of a child; one that ends instead has said on its own output why. */
async function told<Message>(child: ChildProcess): Promise<Message> {
  const heard = new AbortController();
  const { signal } = heard;
  const ended = once(child, "exit", { signal }).then(() => {
    throw new Error("A process of the benchmark has ended");
  });
  try {
    const [message] = await Promise.race([once(child, "message", { signal }), ended]);
    return message as Message;
  } finally {
    heard.abort();
  }
}

function start(script: string, args: readonly string[] = [], flags: readonly string[] = []): ChildProcess {
  const execArgv = ["--import", "tsx", ...flags];
  return fork(fileURLToPath(new URL(script, import.meta.url)), args, { execArgv });
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
