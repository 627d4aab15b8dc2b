import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { IntakeRecord } from "./intake.ts";
import { workOf } from "./job-id.ts";
import { jobOptions, type RetryPolicy } from "./retention.ts";
import type { StoredJob } from "./stored-job.ts";

/** BullMQ has no types for its scripts. */
const { addStandardJob } = createRequire(import.meta.url)("bullmq/dist/cjs/scripts") as {
  readonly addStandardJob: { readonly content: string };
};

/**
 * BullMQ's own script for one job, as a function that is called for many: one command then stands for all of them, and
 * what BullMQ packs for each is handed over as it is. What lies in Redis afterwards is what `queue.add` would have left.
 */
const script = `
local cmsgpack = { unpack = function(value) return value end }
local function add(KEYS, ARGV)
${addStandardJob.content}
end
local prefix, policies = ARGV[1], cjson.decode(ARGV[2])
local added = {}
for at = 3, #ARGV, 6 do
  local id, name, timestamp, data, policy, work = unpack(ARGV, at, at + 5)
  local options, dedupKey = policies[policy], nil
  options.jobId, options.timestamp, options.de = id, tonumber(timestamp), nil
  if work ~= "" then
    options.de = { id = work, keepLastIfActive = true }
    dedupKey = prefix .. "de:" .. work
  end
  added[#added + 1] = add(KEYS, { { prefix, id, name, timestamp, nil, nil, nil, nil, dedupKey }, data, options })
end
return added`;
const sha = createHash("sha1").update(script).digest("hex");
/** In the order in which BullMQ's script takes them. */
const keys = ["wait", "paused", "meta", "id", "completed", "delayed", "active", "events", "marker"];

/**
 * Adds a job for each record, under the record's id; answers the ids under which they are queued, which are others where
 * the same work waits or runs.
 */
export async function bulkAdd(
  queue: Queue,
  redis: Redis,
  records: readonly IntakeRecord[],
): Promise<string[]> {
  await queue.waitUntilReady();
  const policies: Record<string, object> = {};
  const jobs: string[] = [];
  for (const { id, kind, at, input, attempts, backoffMs } of records) {
    const data: StoredJob = { input };
    const policy = `${attempts} ${backoffMs}`;
    policies[policy] ??= storedOptions({ attempts, backoffMs });
    jobs.push(id, kind, String(at), JSON.stringify(data), policy, workOf(id) ?? "");
  }
  const queueKeys = keys.map((key) => queue.toKey(key));
  const args = [...queueKeys, queue.toKey(""), JSON.stringify(policies), ...jobs];
  return (await runScript(redis, args)) as string[];
}

/** Redis forgets its scripts when it starts anew. */
async function runScript(redis: Redis, args: readonly string[]): Promise<unknown> {
  try {
    return await redis.evalsha(sha, keys.length, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return redis.eval(script, keys.length, ...args);
  }
}

/** The options of a job as BullMQ stores them; those of one kind have the same, so they are sent once. */
function storedOptions(policy: RetryPolicy): object {
  const { keepLogs, ...options } = jobOptions(policy);
  return { ...options, kl: keepLogs };
}
