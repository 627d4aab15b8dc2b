import { createHash, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Queues } from "../queues/queues.ts";

const LEASE_MS = 15_000;
const RENEW_EVERY_MS = 5_000;
const LONGEST_PAUSE_MS = 250;

const release = `if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`;
const renew = `if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("PEXPIRE", KEYS[1], ARGV[2]) end return 0`;

/**
 * Takes the lease on a resource, or answers undefined when it is not free within `withinMs`. It spares two jobs the
 * work of a commit that one of them would lose; a holder that is held up may outlive it, and the commit decides then.
 */
export async function takeLease(
  queues: Queues,
  resource: string,
  withinMs: number,
  signal: AbortSignal,
): Promise<AsyncDisposable | undefined> {
  const name = createHash("sha256").update(resource).digest("hex").slice(0, 24);
  const key = `${queues.address.prefix}:lease:${name}`;
  const token = randomUUID();
  const until = Date.now() + withinMs;
  let pauseMs = 10;
  while ((await queues.redis.set(key, token, "PX", LEASE_MS, "NX")) === null) {
    if (Date.now() >= until) return undefined;
    await pause(pauseMs * (0.5 + Math.random()), undefined, { signal });
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }

  const timer = setInterval(() => {
    queues.redis.eval(renew, 1, key, token, LEASE_MS).catch(() => undefined);
  }, RENEW_EVERY_MS).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await queues.redis.eval(release, 1, key, token);
    },
  };
}
