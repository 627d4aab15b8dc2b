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

const setOnce = `local name, was = unpack(redis.call("HMGET", KEYS[1], "name", ARGV[1]))
if not name or was == ARGV[2] then return 0 end
redis.call("HSET", KEYS[1], ARGV[1], ARGV[2])
return 1`;

/** Whether nobody has asked this of the job since it stalled for the so manieth time. */
export async function isFirstSinceStall(
  queues: Queues,
  pool: PoolName,
  id: string,
  stalls: number,
): Promise<boolean> {
  const key = queues.of[pool].toKey(id);
  return (await queues.redis.eval(setOnce, 1, key, "apart", String(stalls))) === 1;
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
  await queues.redis.hdel(queues.of[pool].toKey(id), "stc", "defa", "letter", "misfits", "apart");
}

/** Deletes what a process that outlived the loss of Redis has written under the id of a lost job. */
export async function dropRemainsOf(queues: Queues, pool: PoolName, ids: readonly string[]): Promise<void> {
  const pipeline = queues.redis.pipeline();
  for (const id of ids) pipeline.eval(dropRemains, 1, queues.of[pool].toKey(id));
  await pipeline.exec();
}
