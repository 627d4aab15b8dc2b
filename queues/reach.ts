import { RedisUnavailableError } from "./errors.ts";
import type { Queues } from "./queues.ts";

const READY_WITHIN_MS = 600;
const troubles =
  /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|Connection is closed|Stream isn't writeable|Command timed out|max retries per request|LOADING|MASTERDOWN/;

/**
 * Does `work` on Redis. For a producer it ends within two seconds, with a RedisUnavailableError when Redis is away;
 * a worker has nothing better to do than to wait.
 */
export async function reach<T>(queues: Queues, work: () => Promise<T>): Promise<T> {
  if (queues.role === "worker") return work();
  if (queues.redis.status !== "ready") await ready(queues);
  try {
    return await work();
  } catch (error) {
    throw isRedisTrouble(error) ? unavailable(queues, error) : error;
  }
}

export function isRedisTrouble(error: unknown): boolean {
  return error instanceof Error && troubles.test(`${"code" in error ? error.code : ""} ${error.message}`);
}

function ready(queues: Queues): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (settle: () => void) => {
      clearTimeout(timer);
      queues.redis.off("ready", isReady).off("end", hasEnded);
      settle();
    };
    const isReady = () => done(resolve);
    const hasEnded = () => done(() => reject(unavailable(queues)));
    const timer = setTimeout(hasEnded, READY_WITHIN_MS);
    queues.redis.on("ready", isReady).on("end", hasEnded);
  });
}

function unavailable({ address }: Queues, cause?: unknown): RedisUnavailableError {
  const { host } = new URL(address.redisUrl);
  return new RedisUnavailableError(host, { cause });
}
