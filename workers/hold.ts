import { createHash } from "node:crypto";
import type { PoolName } from "../queues/pools.ts";
import type { Queues } from "../queues/queues.ts";

interface Holder {
  readonly pool: PoolName;
  readonly id: string;
}

const ended: ReadonlySet<string> = new Set(["completed", "failed", "unknown"]);

/** Answers who has it instead; a holder that is known to have ended gives way. */
const take = `local holder = redis.call("GET", KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[2] then return holder end
redis.call("SET", KEYS[1], ARGV[1]) return ""`;

/**
 * Whether the resource is this job's from now on, until it has ended: also while its parts run and between its
 * attempts, when no worker has it and a lease would have run out. Nothing is given back: who has ended is replaced.
 */
export async function takeHold(queues: Queues, resource: string, { pool, id }: Holder): Promise<boolean> {
  const name = createHash("sha256").update(resource).digest("hex").slice(0, 24);
  const key = `${queues.address.prefix}:hold:${name}`;
  const holder = String(await queues.redis.eval(take, 1, key, id, ""));
  if (holder === "") return true;
  if (!ended.has(await queues.of[pool].getJobState(holder))) return false;
  return (await queues.redis.eval(take, 1, key, id, holder)) === "";
}
