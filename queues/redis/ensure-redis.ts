import type { ChildProcess } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { readAddress, type ServerAddress, urlOf } from "./address-file.ts";
import { askRedis, placeOf, refusalOf } from "./facts.ts";
import { type FindOptions, findProgram } from "./find-program.ts";
import { keeperLog, spawnKeeper } from "./keeper-order.ts";
import { isKept } from "./turn.ts";

export interface RedisOptions extends FindOptions {
  /** A server that somebody else keeps. There is no other way while it is named, not even when it is down. */
  readonly redisUrl?: string | undefined;
  /** Where the server of this lake keeps its data and its address. */
  readonly dir: string;
  /** How long our server stays without a user. */
  readonly idleMs?: number;
}

/** The right to use a Redis. Ours runs as long as anybody holds such a lease or is connected. */
export interface RedisLease extends AsyncDisposable {
  /** Holds a password when the server is ours: show `placeOf(url)` instead. */
  readonly url: string;
  readonly source: "given" | "attached" | "started";
  close(): Promise<void>;
}

const START_LIMIT_MS = 120_000;
const ANSWER_WITHIN_MS = 2_000;
/** One that is busy for a moment answers one of these; a stopped one answers none. */
const MOST_SILENCES = 3;
const IDLE_MS = 5_000;

/** The Redis of this cluster: the given one, the one already running for this folder, or a new one. */
export async function ensureRedis(options: RedisOptions): Promise<RedisLease> {
  if (options.redisUrl !== undefined) return givenRedis(options.redisUrl);

  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const running = await attach(dir, options);
  if (running && running !== "silent") return running;
  return startedRedis(dir, options);
}

async function startedRedis(dir: string, options: RedisOptions): Promise<RedisLease> {
  const program = await findProgram(options);
  const { idleMs = IDLE_MS } = options;
  let keeper: ChildProcess | undefined;
  let silences = 0;
  for (let waitedMs = 0; waitedMs < START_LIMIT_MS; waitedMs += 50) {
    const lease = await attach(dir, options, keeper?.pid);
    if (lease && lease !== "silent") return lease;
    // A keeper of our own ends a silent server and starts another; one at work since before lets it be.
    if (lease === "silent" && !keeper) silences += 1;
    if (silences === MOST_SILENCES) throw new Error(await silenceOf(dir));
    // A keeper that finds another at work ends with 0, and that one's address appears.
    if (keeper?.exitCode) throw new Error(await startFailure(dir));
    if (!(await isKept(dir)) && !isAtWork(keeper)) keeper = await spawnKeeper({ dir, program, idleMs });
    await pause(50);
  }
  throw new Error(
    `The Redis of ${dir} gave no answer in ${START_LIMIT_MS / 1000} s. ${await startFailure(dir)}`,
  );
}

function isAtWork(keeper: ChildProcess | undefined): boolean {
  return keeper !== undefined && keeper.exitCode === null && keeper.signalCode === null;
}

async function givenRedis(url: string): Promise<RedisLease> {
  const refusal = refusalOf(await askRedis(url));
  if (refusal) throw new Error(`Redis at ${placeOf(url)} cannot hold the queues: ${refusal}.`);
  const close = async () => {};
  return { url, source: "given", close, [Symbol.asyncDispose]: close };
}

/** A lease on the server that the address file names; undefined when there is none or it is just leaving. */
async function attach(
  dir: string,
  options: RedisOptions,
  ownKeeper?: number,
): Promise<RedisLease | "silent" | undefined> {
  const address = await readAddress(dir);
  if (!address?.ready) return undefined;
  const client = await connect(address);
  if (!client || client === "silent") return client;

  const again = await readAddress(dir);
  if (!again?.ready || again.port !== address.port) {
    client.disconnect();
    return undefined;
  }
  const url = urlOf(address);
  const stopWatch = watchKeeper(dir, options);
  const close = async () => {
    stopWatch();
    client.disconnect();
  };
  const source = address.keeper === ownKeeper ? "started" : "attached";
  return { url, source, close, [Symbol.asyncDispose]: close };
}

/** An open connection is what makes this process a user: it ends with the process, however that ends. */
async function connect(address: ServerAddress): Promise<Redis | "silent" | undefined> {
  let reached = false;
  const client = new Redis(urlOf(address), {
    connectionName: "millrace-lease",
    lazyConnect: true,
    connectTimeout: ANSWER_WITHIN_MS,
    commandTimeout: ANSWER_WITHIN_MS,
    enableReadyCheck: false,
    maxRetriesPerRequest: null,
    retryStrategy: () => (reached ? 200 : null),
  });
  let reason: Error | undefined;
  client.on("error", (error: Error) => {
    reason ??= error;
  });
  try {
    await client.connect();
    await client.ping();
    reached = true;
    return client;
  } catch {
    client.disconnect();
    return reason?.message === "Command timed out" ? "silent" : undefined;
  }
}

/** Replaces a keeper that was killed: the server would outlive its last user. */
function watchKeeper(dir: string, options: RedisOptions): () => void {
  const { idleMs = IDLE_MS } = options;
  let busy = false;
  const look = async () => {
    if (busy) return;
    busy = true;
    try {
      if (await isKept(dir)) return;
      const program = await findProgram(options);
      await spawnKeeper({ dir, program, idleMs });
    } catch {
      // The folder is gone or nothing can be started now; the next look tries again.
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(look, 2_000).unref();
  return () => clearInterval(timer);
}

async function silenceOf(dir: string): Promise<string> {
  const server = (await readAddress(dir))?.server;
  const next = server ? `kill -9 ${server.pid} ends it, and` : "End it;";
  return `The Redis of ${dir} runs and does not answer: it is stopped or stuck. ${next} another one takes its place.`;
}

async function startFailure(dir: string): Promise<string> {
  const log = await readFile(keeperLog(dir), "utf8").catch(() => "");
  const reason = /^\w*Error: (.*)$/m.exec(log)?.[1] ?? log.trim().split("\n").at(-1);
  return `The Redis of ${dir} did not start: ${reason || "it left no reason"}. Its own words are in redis.log there; REDIS_URL names another server.`;
}
