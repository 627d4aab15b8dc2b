import type { PoolName } from "./pools.ts";
import type { Queues } from "./queues.ts";

/**
 * Fields of a job's hash that BullMQ has and does not let us write, or that are ours. Each is written only to a job that
 * is there: a field written to one that Redis has lost would leave a hash under its id, for which BullMQ would take the
 * job, and never queue it again.
 */
const set = `if redis.call("HEXISTS", KEYS[1], "name") == 1 then redis.call("HSET", KEYS[1], ARGV[1], ARGV[2]) end`;
const add = `if redis.call("HEXISTS", KEYS[1], "name") == 1 then redis.call("HINCRBY", KEYS[1], ARGV[1], ARGV[2]) end`;
const dropRemains = `if redis.call("HEXISTS", KEYS[1], "name") == 0 then redis.call("DEL", KEYS[1]) end`;

/** The reason to fail a job when it is taken next, without running it. */
export async function setReasonToFail(
  queues: Queues,
  pool: PoolName,
  id: string,
  reason: string,
): Promise<void> {
  await queues.redis.eval(set, 1, queues.of[pool].toKey(id), "defa", reason);
}

/** Tells the reconciler that a failed job has its letter, which an operator may have dropped since. */
export async function markLettered(queues: Queues, pool: PoolName, id: string): Promise<void> {
  await queues.redis.eval(set, 1, queues.of[pool].toKey(id), "letter", "1");
}

const count = `if redis.call("HEXISTS", KEYS[1], "name") == 1 then return redis.call("HINCRBY", KEYS[1], ARGV[1], 1) end return 0`;

/** Counts that a job was met by a worker that does not know its kind; answers how often by now. */
export async function countMisfit(queues: Queues, pool: PoolName, id: string): Promise<number> {
  return Number(await queues.redis.eval(count, 1, queues.of[pool].toKey(id), "misfits"));
}

const excused = `local stalls, judged = unpack(redis.call("HMGET", KEYS[1], "stc", "judged"))
if stalls ~= ARGV[1] or judged == ARGV[1] then return 0 end
redis.call("HINCRBY", KEYS[1], "stc", -1)
redis.call("HINCRBY", KEYS[1], "ats", -1)
return 1`;
const charged = `if redis.call("GET", KEYS[2]) ~= ARGV[1] then return 0 end
redis.call("HINCRBY", KEYS[1], "stc", 1)
redis.call("HINCRBY", KEYS[1], "ats", 1)
if ARGV[2] ~= "" then redis.call("HSET", KEYS[1], "judged", ARGV[2]) end
return 1`;

/**
 * From now on the loss of its worker counts neither as a start nor as a stall of the job. False when that has been granted
 * and taken back since it stalled for the so manieth time.
 */
export async function excuse(queues: Queues, pool: PoolName, id: string, stalls: number): Promise<boolean> {
  return (await queues.redis.eval(excused, 1, queues.of[pool].toKey(id), String(stalls))) === 1;
}

/**
 * Takes the excuse back, for good where the job was `judged` and is to start now. Where its lock is another's by now, its
 * loss has made up for it.
 */
export async function unexcuse(
  queues: Queues,
  pool: PoolName,
  id: string,
  { token, judged }: { readonly token: string; readonly judged: number | undefined },
): Promise<void> {
  const key = queues.of[pool].toKey(id);
  await queues.redis.eval(charged, 2, key, `${key}:lock`, token, String(judged ?? ""));
}

/**
 * Takes back the count of a start that ended in an orderly leave: `maxStartedAttempts` is there for jobs that kill their
 * process, and one of many stages or many deploys is none.
 */
export async function uncountStart(queues: Queues, pool: PoolName, id: string): Promise<void> {
  await queues.redis.eval(add, 1, queues.of[pool].toKey(id), "ats", -1);
}

/** BullMQ keeps the count of stalls and the reason to fail over a retry, and either would fail the job again. */
export async function forgetFailure(queues: Queues, pool: PoolName, id: string): Promise<void> {
  await queues.redis.hdel(queues.of[pool].toKey(id), "stc", "defa", "letter", "misfits", "judged");
}

/** Deletes what a process that outlived the loss of Redis has written under the id of a lost job. */
export async function dropRemainsOf(queues: Queues, pool: PoolName, ids: readonly string[]): Promise<void> {
  const pipeline = queues.redis.pipeline();
  for (const id of ids) pipeline.eval(dropRemains, 1, queues.of[pool].toKey(id));
  await pipeline.exec();
}
